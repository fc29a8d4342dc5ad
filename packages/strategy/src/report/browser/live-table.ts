import type { ShownData } from './report-data.ts'
import { amountText, durationText, percentText, priceText, timeText } from './words.ts'

/** The table of executors: sorted, filtered, fifty rows at a time. `onShow` is called with the one to look at. */
export function liveTable(data: ShownData, onShow: (index: number) => void): void {
  const PAGE = 50
  const executors = data.executors
  const lasted = (index: number): number | null => {
    const closed = executors.closed[index] ?? null
    return closed === null ? null : closed - (executors.created[index] ?? closed)
  }
  const columns: readonly { sort: (index: number) => number | string; text: (index: number) => string }[] = [
    { sort: (index) => index, text: (index) => String(index + 1) },
    { sort: (index) => executors.created[index] ?? 0, text: (index) => timeText(executors.created[index]) },
    { sort: (index) => executors.side[index] ?? '', text: (index) => executors.side[index] ?? '' },
    {
      sort: (index) => executors.type[index] ?? '',
      text: (index) => `${executors.type[index] ?? ''} ${executors.level[index] ?? ''}`.trim(),
    },
    {
      sort: (index) => executors.entryPrice[index] ?? 0,
      text: (index) => priceText(executors.entryPrice[index], data.priceDecimals),
    },
    {
      sort: (index) => executors.exitPrice[index] ?? 0,
      text: (index) => priceText(executors.exitPrice[index], data.priceDecimals),
    },
    {
      sort: (index) => lasted(index) ?? -1,
      text: (index) => {
        const seconds = lasted(index)
        return seconds === null ? '–' : durationText(seconds)
      },
    },
    { sort: (index) => executors.filledQuote[index] ?? 0, text: (index) => amountText(executors.filledQuote[index]) },
    { sort: (index) => executors.pnlQuote[index] ?? 0, text: (index) => amountText(executors.pnlQuote[index]) },
    { sort: (index) => executors.pnlPct[index] ?? 0, text: (index) => percentText(executors.pnlPct[index]) },
    { sort: (index) => executors.feesQuote[index] ?? 0, text: (index) => amountText(executors.feesQuote[index]) },
    { sort: (index) => executors.closeType[index] ?? '', text: (index) => executors.closeType[index] ?? '' },
  ]
  const at = <Kind extends Element>(selector: string): Kind => {
    const found = document.querySelector<Kind>(selector)
    if (found === null) throw new Error(`The page has no ${selector}.`)
    return found
  }
  const body = at<HTMLTableSectionElement>('#executors tbody')
  const heads = [...document.querySelectorAll<HTMLTableCellElement>('#executors thead th')]
  const [side, closeType, result] = ['side', 'close-type', 'result'].map((name) =>
    at<HTMLSelectElement>(`#filter-${name}`),
  )
  let page = 0
  let sorted = { column: 0, direction: 1 }
  let rows: number[] = []

  const fill = (): void => {
    const pages = Math.max(1, Math.ceil(rows.length / PAGE))
    page = Math.min(Math.max(page, 0), pages - 1)
    const shown = rows.slice(page * PAGE, (page + 1) * PAGE)
    body.replaceChildren(
      ...shown.map((index) => {
        const row = document.createElement('tr')
        for (const [position, column] of columns.entries()) {
          const cell = row.insertCell()
          if (position === 0) {
            const button = document.createElement('button')
            button.type = 'button'
            button.textContent = column.text(index)
            button.title = `Show ${executors.id[index] || 'it'} in the chart`
            button.addEventListener('click', () => onShow(index))
            cell.append(button)
          } else cell.textContent = column.text(index)
          if (position === 8 || position === 9) {
            const value = executors.pnlQuote[index] ?? 0
            cell.className = value > 0 ? 'gain' : value < 0 ? 'loss' : ''
          }
        }
        return row
      }),
    )
    at('#page-text').textContent =
      rows.length === 0
        ? 'No executors'
        : `${page * PAGE + 1} to ${page * PAGE + shown.length} of ${rows.length.toLocaleString('en-US')}`
    for (const [id, isOff] of [
      ['first', page === 0],
      ['previous', page === 0],
      ['next', page >= pages - 1],
      ['last', page >= pages - 1],
    ] as const)
      at<HTMLButtonElement>(`#page-${id}`).disabled = isOff
  }
  const choose = (): void => {
    rows = executors.id
      .map((_id, index) => index)
      .filter((index) => {
        const pnl = executors.pnlQuote[index] ?? 0
        if (side?.value !== '' && executors.side[index] !== side?.value) return false
        if (closeType?.value !== '' && executors.closeType[index] !== closeType?.value) return false
        if (result?.value === 'gain') return pnl > 0
        if (result?.value === 'loss') return pnl < 0
        return true
      })
    const sort = columns[sorted.column]?.sort ?? ((index: number) => index)
    rows.sort((left, right) => {
      const [one, other] = [sort(left), sort(right)]
      return one === other ? left - right : (one < other ? -1 : 1) * sorted.direction
    })
    page = 0
    fill()
  }
  for (const [position, head] of heads.entries()) {
    head.querySelector('button')?.addEventListener('click', () => {
      sorted = { column: position, direction: sorted.column === position ? -sorted.direction : 1 }
      for (const [other, cell] of heads.entries())
        cell.ariaSort = other === position ? (sorted.direction === 1 ? 'ascending' : 'descending') : 'none'
      choose()
    })
  }
  for (const select of [side, closeType, result]) select?.addEventListener('change', choose)
  const turn = (id: string, to: () => number): void =>
    at(`#page-${id}`).addEventListener('click', () => {
      page = to()
      fill()
    })
  turn('first', () => 0)
  turn('previous', () => page - 1)
  turn('next', () => page + 1)
  turn('last', () => Number.MAX_SAFE_INTEGER)
  choose()
}
