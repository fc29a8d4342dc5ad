import type { AddressInfo } from 'node:net'
import { control } from './control/control.ts'
import type { Exchange } from './engine/exchange.ts'
import { forgetOldOrders } from './engine/forget.ts'
import { takeSnapshot } from './engine/snapshot.ts'
import { Faults } from './faults.ts'
import { type Journal, memoryJournal, noHistory, openJournal } from './journal.ts'
import { ListenKeys } from './listen-keys.ts'
import { futuresRoutes } from './rest/futures.ts'
import type { UpdateIds } from './rest/market-data.ts'
import { RequestLog } from './rest/request-log.ts'
import { createHttpServer } from './rest/server.ts'
import { spotRoutes } from './rest/spot.ts'
import { createWorld } from './world.ts'
import { attachStreams } from './ws/streams.ts'

/** How often time is looked at: public trades come about one a second. */
const tickMs = 50

export interface SimulatorOptions {
  /** 0 takes a free port. */
  readonly port?: number
  readonly host?: string
  /** Where the journal lives; without it nothing outlives the process. */
  readonly stateDir?: string
  readonly apiKey?: string
  readonly apiSecret?: string
  /** Opening balances of the default account. */
  readonly spotBalances?: Readonly<Record<string, string>>
  readonly futuresBalances?: Readonly<Record<string, string>>
  readonly seed?: number
  /** Exchange seconds in a second. */
  readonly speed?: number
  readonly controlToken?: string
  /** The journal is compacted when it has grown by so many bytes. */
  readonly compactAfterBytes?: number
  /** Finished orders a compaction keeps; older ones are forgotten, by the ledger too. */
  readonly finishedOrdersKept?: number
  /** Told of errors that are the simulator's own fault. */
  readonly report?: (error: unknown) => void
}

export interface Simulator {
  readonly restUrl: string
  readonly wsUrl: string
  readonly controlUrl: string
  readonly port: number
  close(): Promise<void>
}

/** With the orders kept, a journal stays below about twice this. */
const defaultCompactAfterBytes = 32 * 1024 * 1024
const defaultFinishedOrdersKept = 50_000

export const defaultApiKey = 'simulator-key'
export const defaultApiSecret = 'simulator-secret'
export const defaultSpotBalances = { USDT: '100000', BTC: '2', ETH: '10', BNB: '1' }
export const defaultFuturesBalances = { USDT: '100000' }

/**
 * Starts an exchange on loopback; resolves when it listens. Rejects when the port is taken or the journal cannot be
 * read.
 */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const report = options.report ?? ((error) => console.error(error))
  const host = options.host ?? '127.0.0.1'
  const seed = options.seed ?? 1
  const journal: Journal = options.stateDir === undefined ? memoryJournal() : openJournal(options.stateDir)
  const worldOptions = {
    journal,
    seed,
    speed: options.speed ?? 1,
    account: {
      apiKey: options.apiKey ?? defaultApiKey,
      apiSecret: options.apiSecret ?? defaultApiSecret,
      spot: options.spotBalances ?? defaultSpotBalances,
      futures: options.futuresBalances ?? defaultFuturesBalances,
    },
  }
  let world = createWorld(worldOptions, journal.history)
  const faults = new Faults(seed)
  const listenKeys = new ListenKeys()
  const requests = new RequestLog()
  const current = { faults, listenKeys, exchange: () => world.exchange, books: () => world.books }
  const updateIds: UpdateIds = (instrument) => world.books.refresh(instrument)
  const routes = [...spotRoutes(updateIds), ...futuresRoutes(updateIds)]
  const streams = attachStreams({ ...current, routes, report })
  const reset = (): void => {
    journal.clear()
    faults.clear()
    listenKeys.clear()
    requests.clear()
    world = createWorld(worldOptions, noHistory)
    streams.restart()
  }
  const server = createHttpServer(
    {
      faults,
      listenKeys,
      requests,
      routes,
      dropUserStreams: streams.dropUserStreams,
      get exchange(): Exchange {
        return world.exchange
      },
      control: (request) =>
        control({
          exchange: world.exchange,
          faults,
          requests,
          token: options.controlToken,
          reset,
          dropUserStreams: streams.dropUserStreams,
          dropAllStreams: streams.dropAll,
          listStreams: streams.list,
          moved: streams.tick,
        })(request),
    },
    report,
  )
  server.on('upgrade', streams.upgrade)
  const compact = (): void => {
    if (journal.grown() < (options.compactAfterBytes ?? defaultCompactAfterBytes)) return
    forgetOldOrders(world.exchange.state, options.finishedOrdersKept ?? defaultFinishedOrdersKept)
    journal.compact(takeSnapshot(world.exchange.state))
  }
  compact()
  const timer = setInterval(() => {
    streams.tick()
    compact()
  }, tickMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    restUrl: `http://${host}:${port}`,
    wsUrl: `ws://${host}:${port}`,
    controlUrl: `http://${host}:${port}/control`,
    close: async () => {
      clearInterval(timer)
      streams.dropAll()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      journal.close()
    },
  }
}
