import { open, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENTS_STREAM } from '@colibri/contracts'
import { jetstreamManager } from '@nats-io/jetstream'
import { mustAgree } from '../agreement.ts'
import { type Colibri, startColibri } from '../colibri.ts'
import { alternatingMarketOrders, untilAgreed } from '../crash-run.ts'
import { placeOrders } from '../load.ts'
import { copiedEvents, loggedEvents } from './event-copies.ts'
import { bounded, type Fault, median } from './fault.ts'
import { natsAs } from './nats-login.ts'
import { rebuiltReadModelsAreEqual } from './read-models.ts'
import { until } from './until.ts'

const ORDERS_PER_SECOND = 50
const PATIENCE_MS = 120_000
const RECOVERED_MS = 10_000

const storeOf = (colibri: Colibri): string => join(colibri.home, 'nats', 'jetstream')

const deleteStream = async (colibri: Colibri): Promise<void> => {
  const nats = await natsAs(colibri, 'trading')
  try {
    await (await jetstreamManager(nats)).streams.delete(EVENTS_STREAM)
  } finally {
    await nats.close()
  }
}

/** The files go while the server runs, and the server with them: the next one finds nothing. */
const loseStore = async (colibri: Colibri): Promise<void> => {
  await rename(storeOf(colibri), join(colibri.home, 'nats', `lost-${Date.now()}`))
  await colibri.kill('nats')
}

const messageFiles = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.blk') && entry.parentPath.includes(EVENTS_STREAM))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Bits flip in the middle of what is stored: the server finds a message it cannot trust. */
const damageStore = async (colibri: Colibri): Promise<void> => {
  for (const path of await messageFiles(storeOf(colibri))) {
    const { size } = await stat(path)
    const file = await open(path, 'r+')
    try {
      const at = Math.floor(size / 2)
      const bytes = Buffer.alloc(Math.min(64, size - at))
      await file.read(bytes, 0, bytes.length, at)
      await file.write(
        bytes.map((byte) => byte ^ 0xff),
        0,
        bytes.length,
        at,
      )
    } finally {
      await file.close()
    }
  }
  await colibri.kill('nats')
}

/** The newest part is gone, as after a power cut on a disk that lies. */
const truncateStore = async (colibri: Colibri): Promise<void> => {
  for (const path of await messageFiles(storeOf(colibri))) {
    const { size } = await stat(path)
    const file = await open(path, 'r+')
    try {
      await file.truncate(Math.floor(size / 2))
    } finally {
      await file.close()
    }
  }
  await colibri.kill('nats')
}

const damages = [
  ['the stream is deleted', deleteStream],
  ['the store is lost', loseStore],
  ['the store is damaged in its middle', damageStore],
  ['the store is cut in half', truncateStore],
] as const

/** One round is one loss: the stream deleted, its files lost, damaged or cut, in turn. */
export const r4: Fault = {
  title: 'the copies on JetStream deleted, lost, damaged and cut, under 50 orders a second',
  run: async ({ rounds, say, colibri: running, loadShare = 1 }) => {
    const colibri = running ?? (await startColibri())
    try {
      const databaseUrl = (await colibri.run()).urls.postgres ?? ''
      using orders = placeOrders(colibri.api, ORDERS_PER_SECOND * loadShare, alternatingMarketOrders)
      const took: number[] = []
      for (let round = 0; round < rounds; round++) {
        await sleep(1_500)
        const [what, damage] = damages[round % damages.length] ?? damages[0]
        const logged = await loggedEvents(databaseUrl)
        const begin = Date.now()
        await damage(colibri)
        await until(`after ${what}, every event is copied again`, PATIENCE_MS, async () => {
          const nats = await natsAs(colibri, 'subscriber')
          try {
            const copied = await copiedEvents(nats)
            return copied.length >= logged.length && logged.every((id, index) => copied[index] === id)
          } finally {
            await nats.close()
          }
        })
        took.push(Date.now() - begin)
        say(`${what}: ${logged.length} events are copied again after ${took.at(-1)} ms`)
      }
      const acknowledged = await orders.finish()
      mustAgree(await untilAgreed(colibri, acknowledged, PATIENCE_MS))
      const nats = await natsAs(colibri, 'subscriber')
      try {
        await until('the copies are the log', PATIENCE_MS, async () => {
          const [copied, logged] = [await copiedEvents(nats), await loggedEvents(databaseUrl)]
          return copied.length === logged.length && logged.every((id, index) => copied[index] === id)
        })
      } finally {
        await nats.close()
      }
      // Each list waits until its projection shows everything; some take their time while nobody asks.
      for (const list of ['/trading/orders', '/trading/drifts', '/audit', '/portfolio/history', '/portfolio/pnl']) {
        const { status } = await colibri.api.get(list)
        if (status !== 200) throw new Error(`GET ${list} answered ${status}`)
      }
      const { tables, rows, events } = await rebuiltReadModelsAreEqual(databaseUrl)
      return {
        losses: rounds,
        'orders acknowledged': acknowledged.length,
        'copied again, median ms': median(took),
        'copied again, slowest ms': bounded(Math.max(...took), RECOVERED_MS),
        'events missing, twice or out of order among the copies': 0,
        'read model tables rebuilt': tables,
        'of them different': 0,
        'their rows': rows,
        'events applied': events,
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
