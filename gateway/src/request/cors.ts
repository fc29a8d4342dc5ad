import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CorsPolicy } from '../config.ts'
import { sendText } from './reply.ts'

const allMethods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']
const safelistedHeaders = ['Accept', 'Accept-Language', 'Content-Language', 'Content-Type']
const maxAge = '600'

export interface Cors {
  allows(origin: string): boolean
  /** Adds the headers of a cross-origin request, and answers a preflight. Returns what is left to do. */
  apply(req: IncomingMessage, res: ServerResponse): 'answered' | 'continue'
}

/** Cross-origin rules of the contract: what an allowed, a foreign and a preflighting origin are told. */
export const createCors = (policy: CorsPolicy): Cors => {
  const everyOrigin = policy.origins.includes('*')
  const everyHeader = policy.headers.includes('*')
  const credentials = policy.credentials === 'allowed'
  const methods = policy.methods.includes('*') ? allMethods : [...policy.methods]
  const headers = [...new Set([...safelistedHeaders, ...policy.headers])].sort()
  const allowedHeaders = new Set(headers.map((name) => name.toLowerCase()))

  const allows = (origin: string): boolean =>
    everyOrigin || policy.originPattern?.test(origin) === true || policy.origins.includes(origin)

  const preflight = (req: IncomingMessage, res: ServerResponse, origin: string, method: string): void => {
    const requested = req.headers['access-control-request-headers']
    const explicit = !everyOrigin || credentials
    const failures: string[] = []
    if (explicit) res.setHeader('vary', 'Origin')
    else res.setHeader('access-control-allow-origin', '*')
    res.setHeader('access-control-allow-methods', methods.join(', '))
    res.setHeader('access-control-max-age', maxAge)
    if (credentials) res.setHeader('access-control-allow-credentials', 'true')
    if (!everyHeader) res.setHeader('access-control-allow-headers', headers.join(', '))
    if (!allows(origin)) failures.push('origin')
    else if (explicit) res.setHeader('access-control-allow-origin', origin)
    if (!methods.includes(method)) failures.push('method')
    if (requested !== undefined && everyHeader) res.setHeader('access-control-allow-headers', requested)
    else if (requested?.split(',').some((name) => !allowedHeaders.has(name.trim().toLowerCase())))
      failures.push('headers')
    if (failures.length === 0) sendText(res, 200, 'OK')
    else sendText(res, 400, `Disallowed CORS ${failures.join(', ')}`)
  }

  const apply: Cors['apply'] = (req, res) => {
    const origin = req.headers.origin
    if (origin === undefined) return 'continue'
    const method = req.headers['access-control-request-method']
    if (req.method === 'OPTIONS' && method !== undefined) {
      preflight(req, res, origin, method)
      return 'answered'
    }
    if (credentials) res.setHeader('access-control-allow-credentials', 'true')
    if (everyOrigin && req.headers.cookie === undefined) {
      res.setHeader('access-control-allow-origin', '*')
    } else if (allows(origin)) {
      res.setHeader('access-control-allow-origin', origin)
      res.setHeader('vary', 'Origin')
    }
    return 'continue'
  }

  return { allows, apply }
}
