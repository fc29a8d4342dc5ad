import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@colibri/local'
import { measureBacktests } from './backtest/backtest.ts'
import { measureModes } from './backtest/mode-effects.ts'
import { measureThroughRest } from './backtest/through-rest.ts'
import { measureBooks } from './books.ts'
import { measureCandles } from './candles.ts'
import { measureLogAppend } from './log-append.ts'
import { measureMemory } from './memory/memory.ts'
import { measureProjections } from './projections.ts'
import { report } from './report.ts'
import { measureSockets } from './sockets.ts'
import { measureSystem } from './system.ts'
import { measureTrading } from './trading/trading.ts'

/** Every figure but those that are measured by choice. */
const measureAll = async (): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'colibri-bench-'))
  const postgres = await startPostgres({ dir })
  try {
    // First, on a log that holds its events alone: reading past the millions of the append bench is another question.
    const projections = await measureProjections(postgres.url)
    const log = await measureLogAppend(postgres.url)
    await postgres.stop()
    await report([
      ...log,
      ...projections,
      ...(await measureSystem()),
      ...(await measureTrading()),
      ...(await measureSockets()),
      ...(await measureCandles()),
      ...(await measureBooks()),
      ...(await measureBacktests()),
      ...(await measureThroughRest()),
    ])
  } finally {
    await postgres.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/**
 * `npm run bench`; `npm run bench -- memory [minutes]`, which takes half an hour; `npm run bench -- trading [orders]`: orders
 * placed and cached state, then search and rebuild over so many orders, a million unless told; `npm run bench -- backtest`;
 * `npm run bench -- modes`: what the modes of a backtest differ by.
 */
const [choice, size] = process.argv.slice(2)
switch (choice) {
  case undefined:
    await measureAll()
    break
  case 'memory':
    await report(await measureMemory(Number(size ?? 30)))
    break
  case 'trading':
    await report(await measureTrading(size === undefined ? undefined : Number(size)))
    break
  case 'backtest':
    await report([...(await measureBacktests()), ...(await measureThroughRest())])
    break
  case 'modes':
    await report(measureModes())
    break
  default:
    throw new Error(
      `there is no bench called ${choice}: give none for all, memory [minutes], trading [orders], backtest or modes`,
    )
}
