import type { ExecutorColumns, FillColumns, PackedExecutors, PackedFills, PackedValues } from './report-data.ts'
import { unpackIntegers } from './unpack.ts'

export function unpackValues({ decimals, values }: PackedValues): number[] {
  const unit = 10 ** decimals
  return unpackIntegers(values).map((value) => value / unit)
}

/** Times whose differences were packed. */
export function unpackSums(packed: string): number[] {
  let sum = 0
  return unpackIntegers(packed).map((step) => {
    sum += step
    return sum
  })
}

export function unpackExecutors(packed: PackedExecutors): ExecutorColumns {
  const created = unpackSums(packed.created)
  const texts = (column: string): string[] => unpackIntegers(column).map((place) => packed.words[place] ?? '')
  const after = (column: string): (number | null)[] =>
    unpackIntegers(column).map((seconds, index) => (seconds === 0 ? null : (created[index] ?? 0) + seconds - 1))
  const prices = (column: PackedValues): (number | null)[] =>
    unpackValues(column).map((price) => (price === 0 ? null : price))
  const entered = after(packed.entered)
  let named = 0
  return {
    id: entered.map((time) => (time === null ? '' : (packed.ids[named++] ?? ''))),
    type: texts(packed.type),
    side: texts(packed.side),
    level: texts(packed.level),
    closeType: texts(packed.closeType),
    created,
    entered,
    closed: after(packed.closed),
    entryPrice: prices(packed.entryPrice),
    exitPrice: prices(packed.exitPrice),
    filledQuote: unpackValues(packed.filledQuote),
    feesQuote: unpackValues(packed.feesQuote),
    pnlQuote: unpackValues(packed.pnlQuote),
    pnlPct: unpackValues(packed.pnlPct),
  }
}

export function unpackFills(packed: PackedFills): FillColumns {
  return {
    time: unpackSums(packed.time),
    price: unpackValues(packed.price),
    side: unpackIntegers(packed.side).map((side) => (side === 2 ? 'SELL' : 'BUY')),
  }
}
