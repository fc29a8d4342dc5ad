import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { heapEnvironment, heapOptions } from '@colibri/local'
import { type Replica, startedService, testSimulator } from '@colibri/testkit'
import { z } from 'zod'
import type { Figure } from '../report.ts'
import { type Readings, startReaders } from './readers.ts'
import { median, trendOf } from './trend.ts'
import type { ServedVenue } from './venues-thread.ts'

const BOOKS = 50
const SAMPLE_MS = 10_000
const SAMPLES_PER_HOUR = 3_600_000 / SAMPLE_MS
const SHOWN_EVERY = 300_000 / SAMPLE_MS
const mostMegabytes = 250
/** Above this it is no longer called flat: in a day it would be half of what a replica may take. */
const mostGrowth = 5
/** Connections, compilers and caches fill up at first. */
const SETTLING = 1 / 3
const OPENING_MS = 120_000
const LIVE_AGAIN_MS = 60_000

const entry = new URL('../../../../services/market-data/dist/main.js', import.meta.url)

/**
 * The memory of one replica of market-data with fifty live books, started as the launcher does, over `minutes`. Captured
 * venues are fed to it through ccxt's own classes, and clients read every book.
 */
export const measureMemory = async (minutes: number): Promise<readonly Figure[]> => {
  if (!(minutes >= 1)) throw new Error('the minutes of the memory bench must be a number, 1 or more')
  const cleanUp: (() => Promise<void>)[] = []
  const t = { teardown: (clean: () => Promise<void>) => void cleanUp.unshift(clean) }
  try {
    const thread = new Worker(new URL('./venues-thread.js', import.meta.url))
    t.teardown(async () => {
      thread.postMessage('stop')
      await once(thread, 'exit')
    })
    const [venues] = (await once(thread, 'message')) as [readonly ServedVenue[]]
    const books = venues.reduce((sum, venue) => sum + venue.books.length, 0)
    if (books < BOOKS) {
      console.log(`memory of a replica: not measured, the captures on this machine give ${books} books of ${BOOKS}`)
      return []
    }
    const simulator = await testSimulator(t)
    const replica = await startedService(t, {
      service: 'market-data',
      entry,
      nodeOptions: heapOptions('market-data'),
      env: {
        NODE_ENV: 'production',
        ...heapEnvironment,
        SIMULATOR_REST_URL: simulator.restUrl,
        SIMULATOR_WS_URL: simulator.wsUrl,
      },
      prepare: (home) => writeFile(join(home, 'venues.yml'), JSON.stringify(addresses(venues))),
    })
    const readings = startReaders(replica, venues)
    t.teardown(() => readings.stop())
    await opened(readings, books)
    const samples = await sampled(replica, minutes)
    const interruptions = await liveAgain(replica, venues)
    return figures(samples, { books, interruptions, minutes }, readings)
  } finally {
    for (const clean of cleanUp) await clean()
  }
}

/** JSON is YAML. */
const addresses = (venues: readonly ServedVenue[]): object =>
  Object.fromEntries(
    venues.map(({ connectorName, restUrl, socketUrl }) => [
      connectorName,
      { rest: restUrl, ws: socketUrl, limit: { cost: 1_000_000, windowMs: 1_000 } },
    ]),
  )

/** Resolves when every book has come to its reader. */
const opened = async ({ messages, refusals }: Readings, books: number): Promise<void> => {
  const end = performance.now() + OPENING_MS
  const told = (): number => [...messages.keys()].filter((id) => id.startsWith('order_book')).length
  while (told() < books) {
    if (performance.now() > end)
      throw new Error(`${told()} of ${books} books opened; ${refusals.slice(0, 3).join('; ')}`)
    await sleep(100)
  }
}

/** Megabytes of the process that are in memory, every ten seconds. */
const sampled = async ({ process }: Replica, minutes: number): Promise<readonly number[]> => {
  const samples: number[] = []
  const count = Math.round((minutes * 60_000) / SAMPLE_MS) + 1
  const begin = performance.now()
  while (samples.length < count) {
    samples.push(await residentMegabytes(process.pid))
    if (samples.length % SHOWN_EVERY === 1) {
      const minute = Math.round(((samples.length - 1) * SAMPLE_MS) / 60_000)
      console.log(`memory of a replica after ${minute} min: ${samples.at(-1)?.toFixed(1)} MB`)
    }
    await sleep(Math.max(0, begin + samples.length * SAMPLE_MS - performance.now()))
  }
  return samples
}

const residentMegabytes = async (pid: number | undefined): Promise<number> => {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error('the replica is gone')
  return Number(kilobytes) / 1024
}

const diagnostics = z.object({
  metrics: z.record(z.string(), z.object({ state: z.string(), interruptions: z.record(z.string(), z.number()) })),
})

/** How often books were interrupted. Rejects when they are not all live within a minute: it would be the memory of fewer. */
const liveAgain = async (replica: Replica, venues: readonly ServedVenue[]): Promise<number> => {
  const end = performance.now() + LIVE_AGAIN_MS
  for (;;) {
    const told = await Promise.all(
      venues.map(({ connectorName }) => replica.get(`/market-data/order-book/diagnostics/${connectorName}`)),
    )
    const books = told.flatMap(({ body }) => Object.values(diagnostics.parse(body).metrics))
    const live = books.filter(({ state }) => state === 'live').length
    if (live >= BOOKS)
      return books.flatMap(({ interruptions }) => Object.values(interruptions)).reduce((sum, count) => sum + count, 0)
    if (performance.now() > end) throw new Error(`only ${live} of ${BOOKS} books were live at the end`)
    await sleep(500)
  }
}

const figures = (
  samples: readonly number[],
  {
    books,
    interruptions,
    minutes,
  }: { readonly books: number; readonly interruptions: number; readonly minutes: number },
  { messages, answers }: Readings,
): readonly Figure[] => {
  const settled = samples.slice(Math.floor(samples.length * SETTLING))
  const { slope, confidence } = trendOf(settled.map((y, at) => ({ x: at / SAMPLES_PER_HOUR, y })))
  const parts = Array.from({ length: Math.ceil(samples.length / SHOWN_EVERY) }, (_, part) =>
    samples.slice(part * SHOWN_EVERY, (part + 1) * SHOWN_EVERY),
  ).filter((part) => part.length > 1)
  const told = [...messages.values()].reduce((sum, count) => sum + count, 0)
  const answered = [...answers.values()].reduce((sum, count) => sum + count, 0)
  const name = `memory of a replica with ${books} books`
  return [
    { name: `${name}, at the start`, value: samples[0] ?? Number.NaN, unit: 'MB' },
    ...parts.map((part, at) => ({
      name: `${name}, median of minutes ${at * 5} to ${at * 5 + 5}`,
      value: median(part),
      unit: 'MB',
    })),
    { name: `${name}, median`, value: median(samples), unit: 'MB' },
    { name: `${name}, most`, value: Math.max(...samples), unit: 'MB', target: { atMost: mostMegabytes } },
    {
      name: `${name}, growth after the first ${Math.round(minutes * SETTLING)} minutes`,
      value: slope,
      unit: 'MB/h',
      target: { atMost: mostGrowth },
    },
    { name: `${name}, growth: 95 % confidence, more or less`, value: confidence, unit: 'MB/h' },
    { name: `${name}: messages to its websocket clients`, value: told, unit: 'messages' },
    { name: `${name}: interruptions of books`, value: interruptions, unit: 'interruptions' },
    { name: `${name}: answers by REST`, value: answered, unit: 'answers' },
    {
      name: `${name}: answers other than 200`,
      value: answered - (answers.get(200) ?? 0),
      unit: 'answers',
      target: { atMost: 0 },
    },
  ]
}
