import { balancesReply, type balancesRequest } from '@colibri/contracts'
import { headerNames } from '@colibri/service-kit'
import { z } from 'zod'
import type { AccountFiles } from '../accounts/account-files.ts'
import type { Balances } from '../accounts/balances.ts'
import type { AccountPosition, Positions } from '../positions/positions.ts'
import type { AccountLeases } from './account-leases.ts'

export interface AskOwnersDeps {
  readonly leases: AccountLeases
  readonly files: Pick<AccountFiles, 'accounts'>
  readonly edgeToken: string
  report(error: unknown, what: string): void
}

const ANSWER_MS = 12_000

const decimal = z.string().nullable()
/** What replicas tell each other of positions. */
export const positionsReply = z.array(
  z.object({
    accountName: z.string(),
    connectorName: z.string(),
    tradingPair: z.string(),
    side: z.enum(['LONG', 'SHORT', 'BOTH']),
    amount: z.string(),
    entryPrice: decimal,
    unrealizedPnl: decimal,
    leverage: decimal,
  }),
)
export const positionsAsked = z.object({
  accountNames: z.array(z.string()).nullable(),
  connectorNames: z.array(z.string()).nullable(),
})

const among = (names: readonly string[] | null, name: string): boolean =>
  names === null || names.length === 0 || names.includes(name)

/** Account names by the address of their owner; those held here under `here`. */
const byOwner = async (
  deps: AskOwnersDeps,
  names: readonly string[] | null,
): Promise<ReadonlyMap<string, string[]>> => {
  const accounts = (await deps.files.accounts()).filter((name) => among(names, name))
  const owners = await Promise.all(
    accounts.map(async (accountName) => {
      const where = await deps.leases.locate(accountName).catch((error: unknown) => {
        deps.report(error, `finding the owner of account ${accountName}`)
        return undefined
      })
      return { accountName, owner: where?.kind === 'elsewhere' ? where.address : 'here' }
    }),
  )
  const grouped = Map.groupBy(owners, ({ owner }) => owner)
  return new Map([...grouped].map(([owner, of]) => [owner, of.map(({ accountName }) => accountName)]))
}

const ask = async <T>(deps: AskOwnersDeps, address: string, path: string, body: object, reply: z.ZodType<T>) => {
  const response = await fetch(new URL(path, address), {
    method: 'POST',
    headers: { 'content-type': 'application/json', [headerNames.edgeToken]: deps.edgeToken },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  if (!response.ok) throw new Error(`${path} of another trading process: ${response.status}`)
  return reply.parse(await response.json())
}

/** Positions of all accounts, whoever holds them: each is asked for by its owner alone. */
export const positionsOfAll = (deps: AskOwnersDeps, own: Positions): Positions => ({
  async list(accountNames, connectorNames) {
    const owners = await byOwner(deps, accountNames)
    const lists = await Promise.all(
      [...owners].map(async ([owner, names]): Promise<AccountPosition[]> => {
        if (owner === 'here') return own.list(names, connectorNames)
        const asked = { accountNames: names, connectorNames }
        return ask(deps, owner, '/replica/positions', asked, positionsReply).catch((error: unknown) => {
          deps.report(error, `positions of ${names.join(', ')}`)
          return []
        })
      }),
    )
    return lists.flat()
  },
})

/** Balances of all accounts, the same way. An owner that does not answer is told as an error of its accounts. */
export const balancesOfAll = (
  deps: AskOwnersDeps & { connectors(accountName: string): Promise<readonly string[]>; now(): number },
  own: Balances,
): Pick<Balances, 'read'> => ({
  async read(request: z.infer<typeof balancesRequest>) {
    const owners = await byOwner(deps, request.accountNames)
    const replies = await Promise.all(
      [...owners].map(async ([owner, names]) => {
        const asked = { ...request, accountNames: names }
        if (owner === 'here') return (await own.read(asked)).accounts
        try {
          return (await ask(deps, owner, '/replica/balances', asked, balancesReply)).accounts
        } catch (error) {
          deps.report(error, `balances of ${names.join(', ')}`)
          return unanswered(deps, names, request.connectorNames)
        }
      }),
    )
    return { accounts: replies.flat() }
  },
})

const unanswered = async (
  deps: { connectors(accountName: string): Promise<readonly string[]>; now(): number },
  names: readonly string[],
  connectorNames: readonly string[] | null,
) => {
  const places = await Promise.all(
    names.map(async (accountName) =>
      (await deps.connectors(accountName))
        .filter((connectorName) => among(connectorNames, connectorName))
        .map((connectorName) => ({
          accountName,
          connectorName,
          balances: [],
          time: deps.now(),
          error: 'the trading process of this account does not answer',
        })),
    ),
  )
  return places.flat()
}
