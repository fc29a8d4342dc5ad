import { z } from 'zod'
import type { BacktestResult } from '../../backtest/backtest.ts'
import type { Controller, ControllerConfig } from '../../controllers/controller.ts'
import { differences } from '../differences.ts'
import type { Difference } from '../golden.ts'
import { aWorld } from '../world.ts'
import { plainConfig } from './reported.ts'

const ladder = z.object({ side: z.enum(['BUY', 'SELL']), prices: z.array(z.coerce.number()) })

/**
 * Whether each ladder of orders is one that the controller would place on some row that has its signal: the same side,
 * prices and amounts. For those whose times cannot be compared.
 */
export const ladders = (
  executors: readonly { readonly config: unknown }[],
  controller: Controller,
  config: ControllerConfig,
  result: BacktestResult,
): readonly Difference[] => {
  const placed = new Map<string, readonly unknown[]>()
  const closes = result.processed.columns.get('close_bt') ?? new Float64Array()
  const decide = controller.start(config)
  result.processed.timestamp.forEach((now, row) => {
    const world = aWorld({
      now,
      mid: () => closes[row] ?? Number.NaN,
      feature: (column) => result.processed.columns.get(column)?.[row] ?? Number.NaN,
    })
    for (const action of decide(world)) {
      const found = action.type === 'create' ? ladder.safeParse(plainConfig(action.executor)).data : undefined
      if (found === undefined || action.type !== 'create') continue
      const key = keyOf(found)
      placed.set(key, [...(placed.get(key) ?? []), plainConfig(action.executor)])
    }
  })
  return executors.flatMap(({ config: expected }, n) => {
    const { timestamp: _, ...fields } = z.looseObject({}).parse(expected)
    const candidates = placed.get(keyOf(ladder.parse(expected))) ?? []
    const compared = candidates.map((candidate) => differences(`executors[${n}].config`, fields, candidate))
    if (compared.some((found) => found.length === 0)) return []
    return compared[0] ?? [{ at: `executors[${n}].config`, expected: fields, actual: 'no row with its signal has one' }]
  })
}

const keyOf = ({ side, prices }: z.output<typeof ladder>): string => `${side} ${prices[0]?.toPrecision(10)}`
