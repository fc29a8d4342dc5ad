import type { balancesReply, balancesRequest } from '@colibri/contracts'
import type { z } from 'zod'
import type { AccountFiles } from './account-files.ts'
import type { AccountVenues } from './account-venues.ts'

type Reply = z.infer<typeof balancesReply>
type Holding = Reply['accounts'][number]

/** Balances as the venues last told them. */
export interface Balances {
  read(request: z.infer<typeof balancesRequest>): Promise<Reply>
  /** A fill or a cancel changed them: they are asked for again soon. */
  moved(accountName: string, connectorName: string): void
  stop(): void
}

export interface BalancesDeps {
  readonly files: AccountFiles
  readonly venues: AccountVenues
  now(): number
  background(name: string, work: Promise<unknown>): void
}

interface Held {
  holding: Holding | undefined
  asking: Promise<Holding> | undefined
  /** Moved since the newest question was asked. */
  moved: boolean
  timer: NodeJS.Timeout | undefined
}

/** Fills come in bursts: one question answers for all of them. */
const GATHER_MS = 250

const includes = (names: readonly string[] | null, name: string): boolean =>
  names === null || names.length === 0 || names.includes(name)

export const createBalances = ({ files, venues, now, background }: BalancesDeps): Balances => {
  const held = new Map<string, Held>()

  const of = (accountName: string, connectorName: string): Held => {
    const key = `${accountName}\n${connectorName}`
    const known = held.get(key) ?? { holding: undefined, asking: undefined, moved: false, timer: undefined }
    held.set(key, known)
    return known
  }

  const ask = async (accountName: string, connectorName: string): Promise<Holding> => {
    const time = now()
    try {
      const access = await venues.access(accountName, connectorName)
      if (access.kind !== 'open') return { accountName, connectorName, balances: [], time, error: access.kind }
      const balances = await access.venue.balances()
      return { accountName, connectorName, balances: [...balances], time, error: null }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { accountName, connectorName, balances: [], time, error: message }
    }
  }

  /** One question at a time; a move while it is asked makes it be asked once more. */
  const fresh = async (accountName: string, connectorName: string): Promise<Holding> => {
    const entry = of(accountName, connectorName)
    if (entry.asking !== undefined && !entry.moved) return entry.asking
    await entry.asking
    if (entry.asking !== undefined) return entry.asking
    entry.moved = false
    const asking = ask(accountName, connectorName)
    entry.asking = asking
    const holding = await asking
    entry.asking = undefined
    entry.holding = holding
    return holding
  }

  return {
    async read({ accountNames, connectorNames, refresh }) {
      const accounts = (await files.accounts()).filter((name) => includes(accountNames, name))
      const wanted = await Promise.all(
        accounts.map(async (accountName) =>
          (await files.connectors(accountName))
            .filter((connectorName) => includes(connectorNames, connectorName))
            .map((connectorName) => ({ accountName, connectorName })),
        ),
      )
      return {
        accounts: await Promise.all(
          wanted.flat().map(({ accountName, connectorName }) => {
            const entry = of(accountName, connectorName)
            const cached = entry.holding
            return refresh || entry.moved || cached === undefined || cached.error !== null
              ? fresh(accountName, connectorName)
              : cached
          }),
        ),
      }
    },

    moved(accountName, connectorName) {
      const entry = of(accountName, connectorName)
      entry.moved = true
      if (entry.timer !== undefined) return
      entry.timer = setTimeout(() => {
        entry.timer = undefined
        if (entry.moved) background(`balances of ${connectorName}`, fresh(accountName, connectorName))
      }, GATHER_MS)
      entry.timer.unref()
    },

    stop() {
      for (const entry of held.values()) clearTimeout(entry.timer)
    },
  }
}
