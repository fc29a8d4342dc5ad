import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonText, sampleOf, urlText } from '../contract-routes/fuzz-values.ts'
import { type Chance, chanceOf } from '../contract-routes/random.ts'
import type { Target } from '../contract-routes/targets.ts'
import { type NameParameter, nameParameters } from './name-parameters.ts'
import type { Payload } from './payloads.ts'
import type { Trap } from './trap.ts'

export interface TraversalReport {
  readonly parameters: number
  readonly requests: number
  readonly statuses: ReadonlyMap<number, number>
  /** Replies that are a 5xx, none, or hold a canary. */
  readonly findings: readonly string[]
}

interface Raw {
  readonly status: number
  readonly text: string
}

const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`

/** `fetch` would tidy the path up before it sends it. */
const sendRaw = (agent: Agent, edge: URL, method: string, path: string, body: string | undefined): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const sent = request(
      { agent, host: edge.hostname, port: edge.port, method, path, headers, timeout: 60_000 },
      (reply) => {
        const chunks: Buffer[] = []
        reply.on('data', (chunk: Buffer) => chunks.push(chunk))
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }))
        reply.on('error', reject)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no reply within a minute')))
    sent.on('error', reject)
    sent.end(body)
  })

/** As an overloaded machine may say; what stays late after a pause is told. */
const LATE = new Set([503, 504])

const sendPatiently = async (...request: Parameters<typeof sendRaw>): Promise<Raw | string> => {
  const ask = () => sendRaw(...request).catch((error: unknown) => String(error))
  const reply = await ask()
  if (typeof reply === 'string' || !LATE.has(reply.status)) return reply
  await sleep(3_000)
  return ask()
}

const TEXT = { type: 'string' }

const pathOf = ({ target, in: place, name }: NameParameter, payload: Payload, chance: Chance): string => {
  const path = target.path.replaceAll(/\{(\w+)\}/g, (_, one: string) =>
    place === 'path' && one === name ? payload.wire : urlText(sampleOf(TEXT, one, chance)),
  )
  const query = target.query.flatMap(([one, schema]) => {
    if (place === 'query' && one === name) return [`${one}=${payload.wire.replaceAll(/[&#+]/g, encodeURIComponent)}`]
    const sample = sampleOf(schema, one, chance)
    return (Array.isArray(sample) ? sample : [sample]).map((value) => `${one}=${urlText(value)}`)
  })
  return query.length === 0
    ? path.replaceAll(/[?#]/g, encodeURIComponent)
    : `${path.replaceAll(/[?#]/g, encodeURIComponent)}?${query.join('&')}`
}

const bodyOf = (
  { target, in: place, name, many }: NameParameter,
  payload: Payload,
  chance: Chance,
): string | undefined => {
  if (target.body === undefined) return undefined
  const sample = sampleOf(target.body, '', chance)
  const rest = typeof sample === 'object' && sample !== null ? sample : {}
  return jsonText(place === 'body' ? { ...rest, [name]: many === 'list' ? [payload.text] : payload.text } : rest)
}

/** Parameters that become part of a path somewhere: they get every payload. */
const namesFiles = ({ target, name }: NameParameter): boolean =>
  /^(account_name|connector_name)$/.test(name) && target.path.startsWith('/accounts')

/**
 * Sends payloads in every text parameter of every route. `each` is how many of them a parameter gets whose value names no
 * file; which ones goes round, so that together they get all.
 */
export const traverse = async (
  edgeUrl: string,
  trap: Trap,
  options: {
    readonly targets: readonly Target[]
    readonly payloads: readonly Payload[]
    readonly each: number
    readonly atOnce: number
  },
): Promise<TraversalReport> => {
  const parameters = options.targets.flatMap(nameParameters)
  const all = options.payloads
  let next = 0
  const plan = parameters.flatMap((parameter) => {
    const count = namesFiles(parameter) ? all.length : Math.min(options.each, all.length)
    return Array.from({ length: count }, () => ({ parameter, payload: all[next++ % all.length] as Payload }))
  })
  const agent = new Agent({ keepAlive: true })
  const edge = new URL(edgeUrl)
  const chance = chanceOf(1)
  const statuses = new Map<number, number>()
  const findings: string[] = []
  const queue = plan.values()
  const worker = async (): Promise<void> => {
    for (const { parameter, payload } of queue) {
      const { method } = parameter.target
      const path = pathOf(parameter, payload, chance)
      const what = `${method} ${parameter.target.path} ${parameter.in} ${parameter.name}, ${payload.family}: ${payload.wire.slice(0, 120)}`
      const reply = await sendPatiently(agent, edge, method, path, bodyOf(parameter, payload, chance))
      if (typeof reply === 'string') {
        findings.push(`${what}: ${reply}`)
        continue
      }
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1)
      if (reply.status >= 500) findings.push(`${what}: ${reply.status} ${reply.text.slice(0, 300)}`)
      if (reply.text.includes(trap.canary))
        findings.push(`${what}: the reply holds a canary: ${reply.text.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, worker))
  agent.destroy()
  return { parameters: parameters.length, requests: plan.length, statuses, findings }
}
