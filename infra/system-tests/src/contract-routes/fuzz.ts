import { z } from 'zod'
import type { Api, Reply } from '../api.ts'
import { replyProblems } from './contract.ts'
import { type FuzzRequest, fuzzRequests } from './fuzz-requests.ts'
import type { Target } from './targets.ts'

export interface Finding {
  readonly request: string
  readonly status: number
  readonly what: string
}

export interface FuzzReport {
  readonly seed: number
  readonly statuses: ReadonlyMap<number, number>
  /** Replies no client should ever see: a 5xx, no reply, an error without a reason, a good one that is not the contract's. */
  readonly findings: readonly Finding[]
}

/** Longer than the longest route may take, which is a restart of order books. */
export const PATIENCE_MS = 60_000

export interface FuzzOptions {
  readonly seed: number
  readonly requests: number
  readonly atOnce: number
  readonly targets: readonly Target[]
}

const shown = ({ number, route, path, body }: FuzzRequest): string =>
  `#${number} ${route.method} ${path.slice(0, 200)} ${(body ?? '').slice(0, 300)}`

const refusal = z.object({
  detail: z.union([
    z.string().min(1),
    z.array(z.looseObject({ type: z.string(), loc: z.array(z.unknown()), msg: z.string() })).min(1),
  ]),
})

/** Without a name behind it, the path of one thing is that of the list of all. */
const asksForList = ({ route, path }: FuzzRequest): boolean => route.path.endsWith('}') && /\/(\?|$)/.test(path)

/** What is wrong with a reply, whatever was asked. */
const complaint = (request: FuzzRequest, { status, body }: Reply): string | undefined => {
  const { route } = request
  if (status >= 500) return `${status}: ${JSON.stringify(body)}`
  if (status >= 400)
    return refusal.safeParse(body).success ? undefined : `a refusal without a reason: ${JSON.stringify(body)}`
  if (!route.status.includes(status)) return `${status} is no status of this route`
  const hasShape = route.kind === 'canonical' && route.group !== 'framework' && !asksForList(request)
  const problems = hasShape ? replyProblems(route, body) : []
  return problems.length === 0 ? undefined : `not the contract's shape: ${problems.join('; ')}`
}

/** Sends the requests of a seed, some at once, and gathers what must not be. */
export const fuzz = async (api: Api, { seed, requests, atOnce, targets }: FuzzOptions): Promise<FuzzReport> => {
  const statuses = new Map<number, number>()
  const findings: Finding[] = []
  const queue = fuzzRequests(seed, requests, targets)
  const one = async (request: FuzzRequest): Promise<void> => {
    const reply = await api
      .send(request.route.method, request.path, {
        ...(request.body === null ? {} : { body: request.body }),
        ...(request.contentType === null ? {} : { headers: { 'content-type': request.contentType } }),
      })
      .catch((error: unknown) => String(error))
    const status = typeof reply === 'string' ? 0 : reply.status
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const what = typeof reply === 'string' ? `no reply: ${reply}` : complaint(request, reply)
    if (what !== undefined) findings.push({ request: shown(request), status, what: what.slice(0, 500) })
  }
  // All workers take from one generator: each request is sent once.
  const worker = async (): Promise<void> => {
    for (const request of queue) await one(request)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { seed, statuses, findings }
}
