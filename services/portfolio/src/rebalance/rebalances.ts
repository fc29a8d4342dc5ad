import { setTimeout as sleep } from 'node:timers/promises'
import { type RebalanceRequest, rebalanceStream } from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, randomEventId, VersionConflict, whileLeader } from '@colibri/event-log'
import { ApiError, badRequest, type RequestContext } from '@colibri/service-kit'
import type { Pool } from 'pg'
import { type Prepared, refuseWhenBlocked } from './prepare-rebalance.ts'
import { type RunningRebalance, rebalanceOf } from './rebalance.ts'
import { type RunDeps, runRebalance } from './run-rebalance.ts'

export interface RebalancesDeps extends RunDeps {
  readonly pool: Pool
  readonly prepare: (request: RebalanceRequest) => Promise<Prepared>
  /** Resolves when the table of plans shows every one that was stored before. */
  current(): Promise<void>
  context(): RequestContext
}

export interface Rebalances {
  /** The plan, neither stored nor carried out. */
  dryRun(request: RebalanceRequest): Promise<Prepared>
  /** Stores the plan, which is then carried out. The same key gives the same plan, whatever it would be now. */
  start(request: RebalanceRequest, idempotencyKey: string | undefined): Promise<RunningRebalance>
  /** Undefined for an id that is none. */
  find(planId: string): Promise<RunningRebalance | undefined>
  /** Carries plans out, in one replica at a time, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const LOOK_EVERY_MS = 500
const RUNNING = `select plan_id from portfolio.rebalances where state = 'running' order by planned_at, plan_id`

/** The request as text that is the same for the same request. */
const requestText = ({ dry_run: _, ...request }: RebalanceRequest): string =>
  JSON.stringify({ ...request, target_weights: Object.entries(request.target_weights).sort() })

export const createRebalances = (deps: RebalancesDeps): Rebalances => {
  const find = async (planId: string): Promise<RunningRebalance | undefined> =>
    rebalanceOf(await deps.log.read(rebalanceStream(planId)))

  const repeated = (known: RunningRebalance, request: RebalanceRequest): RunningRebalance => {
    if (known.request !== requestText(request))
      throw badRequest('The Idempotency-Key was already used for a different rebalance')
    return known
  }

  /** Two plans for one account would undo each other. */
  const refuseBesideAnother = async ({ plan }: Prepared): Promise<void> => {
    await deps.current()
    const { rows } = await deps.pool.query<{ plan_id: string }>({ name: 'rebalances-running', text: RUNNING })
    const own = new Set(plan.accounts.map(({ accountName }) => accountName))
    for (const { plan_id: planId } of rows) {
      const other = await find(planId)
      if (other?.end.kind !== 'none' || other.plan.connectorName !== plan.connectorName) continue
      const shared = other.plan.accounts.find(({ accountName }) => own.has(accountName))
      if (shared === undefined) continue
      throw new ApiError(409, `Rebalance '${planId}' of account '${shared.accountName}' is still under way`)
    }
  }

  const lead = async (signal: AbortSignal): Promise<void> => {
    const underway = new Map<string, Promise<void>>()
    while (!signal.aborted) {
      const { rows } = await deps.pool.query<{ plan_id: string }>({ name: 'rebalances-running', text: RUNNING })
      for (const { plan_id: planId } of rows) {
        if (underway.has(planId)) continue
        const running = runRebalance(deps, planId, signal)
          .catch((error: unknown) => deps.report(error, `rebalancing ${planId}`))
          .finally(() => underway.delete(planId))
        underway.set(planId, running)
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
    await Promise.all(underway.values())
  }

  return {
    dryRun: (request) => deps.prepare(request),
    find,

    async start(request, idempotencyKey) {
      const planId = idempotencyKey === undefined ? randomEventId() : derivedEventId('rebalance', idempotencyKey, 0)
      const known = idempotencyKey === undefined ? undefined : await find(planId)
      if (known !== undefined) return repeated(known, request)
      const prepared = await deps.prepare(request)
      refuseWhenBlocked(prepared)
      await refuseBesideAnother(prepared)
      const { requestId, correlationId, actor, address } = deps.context()
      const stream = rebalanceStream(planId)
      const event = {
        id: derivedEventId(stream, 'planned', 0),
        type: 'RebalancePlanned',
        schemaVersion: 1,
        data: { planId, plan: prepared.plan, request: requestText(request) },
        metadata: {
          actor,
          correlationId,
          causationId: requestId,
          time: deps.now(),
          ...(address === undefined ? {} : { address }),
        },
      }
      try {
        await deps.log.append(stream, [event], 'none')
      } catch (error) {
        if (!(error instanceof DuplicateEvent || error instanceof VersionConflict)) throw error
      }
      const stored = await find(planId)
      if (stored === undefined) throw new Error(`plan ${planId} was stored and is not there`)
      return repeated(stored, request)
    },

    run: (signal) =>
      whileLeader(
        deps.pool,
        'colibri portfolio rebalancing',
        { lead, onError: (error) => deps.report(error, 'leading the rebalances') },
        signal,
      ),
  }
}
