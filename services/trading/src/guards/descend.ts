import type { GuardScope } from '@colibri/contracts'
import type { OverReplicas } from '../leases/over-replicas.ts'
import { type LadderDeps, runLadder } from './run-ladder.ts'

export interface DescentDeps extends LadderDeps {
  readonly replicas: Pick<OverReplicas, 'gathered' | 'silence'>
  background(name: string, work: Promise<unknown>): void
  readonly signal: AbortSignal
}

/** The way down the ladder of a halt, by the one process that has every account of it. */
export interface Descent {
  descend(scope: GuardScope): void
  /** Whoever had the accounts may have been on its way down: the same ladder is followed. */
  resume(scope: GuardScope): void
}

export const descentOf = (deps: DescentDeps): Descent => {
  const { guards, replicas } = deps
  const ladder: LadderDeps = {
    ...deps,
    guards: {
      ...guards,
      halted: async (...end) => {
        await replicas.silence(end[0])
        await guards.halted(...end)
      },
    },
  }
  const goDown = async (scope: GuardScope): Promise<void> => {
    if ((await replicas.gathered(scope, deps.signal)) === 'gathered') await runLadder(ladder, scope)
  }
  const descend = (scope: GuardScope): void => deps.background('going down the ladder of a halt', goDown(scope))

  return {
    descend,
    resume: (scope) => {
      if (guards.of(scope).halt.kind === 'halting') descend(scope)
    },
  }
}
