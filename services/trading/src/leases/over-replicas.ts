import { setTimeout as sleep } from 'node:timers/promises'
import type { GuardLimits, GuardScope } from '@colibri/contracts'
import type { OrderGuards, TradingGuards } from '../guards/guards.ts'
import type { AccountLeases } from './account-leases.ts'

export interface OverReplicasDeps {
  readonly leases: Pick<AccountLeases, 'ready' | 'holds' | 'heldElsewhere' | 'isKeeper' | 'rethink'>
  readonly guards: Pick<TradingGuards, 'of' | 'admit' | 'enter'>
  accounts(): Promise<readonly string[]>
  /** Epoch milliseconds from when on nothing can arrive that another process has sent for the account. */
  silentFrom(accountName: string): number
  now(): number
}

/** Guards where several processes have accounts: what concerns all accounts needs all of them in one hand. */
export interface OverReplicas {
  /** The limits and halts over all accounts ask for one process that has them all. */
  together(): boolean
  /** The guards, which admit nothing under a limit that cannot be counted. */
  readonly admitting: OrderGuards
  /** Whether this process decides about the scope. */
  decides(scope: GuardScope): boolean
  /** Resolves when this process has every account of the scope: each of the others has stopped, or its time was over. */
  gathered(scope: GuardScope, signal: AbortSignal): Promise<'gathered' | 'not-ours'>
  /** Resolves when nothing of an earlier process can reach a venue any more. */
  silence(scope: GuardScope): Promise<void>
}

const PORTFOLIO = { kind: 'portfolio' } as const
const LOOK_EVERY_MS = 100
/** How long an order waits for the accounts to be in one hand. */
const GATHER_MS = 1_000

/** Every limit but the one on a single order counts something over all accounts. */
const counts = ({ maxOrderNotional: _order, lossLadder: _ladder, ...over }: GuardLimits): boolean =>
  Object.values(over).some((limit) => limit !== null)

export const overReplicas = ({ leases, guards, accounts, silentFrom, now }: OverReplicasDeps): OverReplicas => {
  const accountsOf = async (scope: GuardScope): Promise<readonly string[]> => {
    const all = await accounts()
    return scope.kind === 'portfolio' ? all : all.filter((name) => name === scope.accountName)
  }

  /**
   * Whether this process knows the orders of every account: what it has just taken is not counted before it is adopted,
   * and what nobody has may have been left by one that had it. Waits a moment, as accounts on their way are soon here.
   */
  const allAreHere = async (): Promise<boolean> => {
    for (const until = now() + GATHER_MS; ; await sleep(LOOK_EVERY_MS)) {
      const missing = (await accounts()).filter((name) => !leases.ready(name))
      if (missing.length === 0 && leases.heldElsewhere().length === 0) return true
      if (now() >= until) return false
      leases.rethink()
    }
  }

  return {
    together: () => {
      const { halt, limits } = guards.of(PORTFOLIO)
      return halt.kind !== 'none' || counts(limits)
    },

    admitting: {
      enter: (accountName) => guards.enter(accountName),
      admit: async (intent, price) => {
        const { halt, limits } = guards.of(PORTFOLIO)
        if (halt.kind !== 'none' || !counts(limits) || (await allAreHere())) return guards.admit(intent, price)
        return {
          kind: 'limited',
          detail:
            'The limits over all accounts cannot be checked until one process has them all: try again in a moment',
        }
      },
    },

    decides: (scope) =>
      scope.kind === 'account'
        ? leases.ready(scope.accountName)
        : leases.isKeeper() && leases.heldElsewhere().length === 0,

    async gathered(scope, signal) {
      leases.rethink()
      for (;;) {
        const names = await accountsOf(scope)
        const ours =
          scope.kind === 'portfolio' ? leases.isKeeper() : leases.holds(scope.accountName) || names.length === 0
        if (!ours || signal.aborted || guards.of(scope).halt.kind !== 'halting') return 'not-ours'
        if (names.every((name) => leases.ready(name))) return 'gathered'
        await sleep(LOOK_EVERY_MS)
      }
    },

    async silence(scope) {
      const until = Math.max(0, ...(await accountsOf(scope)).filter(leases.holds).map(silentFrom))
      while (now() < until) await sleep(Math.min(until - now(), LOOK_EVERY_MS))
    },
  }
}
