import type { ShownEquity } from './charts.ts'
import { csvLine } from './csv.ts'
import type { ExecutorColumns, ShownData } from './report-data.ts'

/** The columns of executors in files made by the page. */
export function executorFile(executors: ExecutorColumns): string[] {
  const columns: readonly [string, readonly (string | number | null)[]][] = [
    ['id', executors.id],
    ['type', executors.type],
    ['side', executors.side],
    ['level_id', executors.level],
    ['timestamp', executors.created],
    ['entered', executors.entered],
    ['close_timestamp', executors.closed],
    ['entry_price', executors.entryPrice],
    ['exit_price', executors.exitPrice],
    ['filled_amount_quote', executors.filledQuote],
    ['cum_fees_quote', executors.feesQuote],
    ['net_pnl_quote', executors.pnlQuote],
    ['net_pnl_pct', executors.pnlPct],
    ['close_type', executors.closeType],
  ]
  const lines = [csvLine(columns.map(([name]) => name))]
  for (let index = 0; index < executors.id.length; index++)
    lines.push(csvLine(columns.map(([, values]) => values[index] ?? null)))
  return lines
}

/** Lets the reader save what the page carries; no server is asked. */
export function downloads(data: ShownData, equity: ShownEquity): void {
  const save = (name: string, type: string, parts: readonly string[]): void => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([...parts], { type }))
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  }
  const on = (id: string, action: () => void): void => document.getElementById(id)?.addEventListener('click', action)
  const name = data.name.replace(/[^A-Za-z0-9._-]+/g, '_')
  on('save-executors', () => save(`${name}-executors.csv`, 'text/csv', executorFile(data.executors)))
  on('save-equity', () => {
    const lines = [csvLine(['timestamp', 'profit', 'drawdown'])]
    for (let row = 0; row < equity.time.length; row++)
      lines.push(csvLine([equity.time[row] ?? 0, equity.total[row] ?? 0, equity.drawdown[row] ?? 0]))
    save(`${name}-equity.csv`, 'text/csv', lines)
  })
  on('save-json', () => save(`${name}-executors.json`, 'application/json', [JSON.stringify(data.executors)]))
}
