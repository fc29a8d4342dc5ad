import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceName } from '@colibri/contracts'
import type { EdgeMetrics } from '../metrics.ts'
import type { Discovery } from '../replicas/discovery.ts'
import type { Replicas } from '../replicas/replicas.ts'
import { sendDetail, sendJson, sendJsonText, sendText } from '../request/reply.ts'
import { type DocsFile, docsPolicy } from './docs.ts'
import type { OpenApi } from './openapi.ts'

export interface PageDeps {
  readonly docs: ReadonlyMap<string, DocsFile>
  readonly openApi: OpenApi
  readonly metrics: EdgeMetrics
  readonly replicas: Replicas
  readonly discovery: Discovery
  readonly requiredServices: readonly ServiceName[]
  readonly services: readonly ServiceName[]
  readonly draining: () => boolean
}

interface Page {
  readonly allow: 'GET' | 'GET, HEAD'
  readonly send: (res: ServerResponse) => void | Promise<void>
}

/** Answers for a path that is a page of the edge; undefined where it is none. */
export type Pages = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void> | undefined

/** The edge's own open pages by path. */
export const createPages = (deps: PageDeps): Pages => {
  const { replicas } = deps

  const readiness = () => {
    const services = deps.services.map((name) => {
      const ready = replicas.readyCount(name)
      const needed = deps.requiredServices.includes(name)
      const instances = replicas.of(name).map(({ instanceId, state }) => ({ instanceId, state }))
      return [name, { required: needed, ready, instances }] as const
    })
    const complete = services.every(([, { required, ready }]) => !required || ready > 0)
    const nats = deps.discovery.connected() ? 'connected' : 'disconnected'
    const status = deps.draining() ? 'draining' : complete && nats === 'connected' ? 'ready' : 'not ready'
    return { status, nats, services: Object.fromEntries(services) }
  }

  const name: Page = {
    allow: 'GET',
    send: (res) => sendJson(res, 200, { name: 'Hummingbot API', version: '1.0.1', status: 'running' }),
  }
  const pages = new Map<string, Page>([
    ['/', name],
    ['/health', name],
    ['/health/live', { allow: 'GET', send: (res) => sendJson(res, 200, { status: 'ok' }) }],
    [
      '/health/ready',
      {
        allow: 'GET',
        send: (res) => {
          const report = readiness()
          sendJson(res, report.status === 'ready' ? 200 : 503, report)
        },
      },
    ],
    [
      '/metrics',
      {
        allow: 'GET',
        send: async (res) =>
          sendText(res, 200, await deps.metrics.registry.metrics(), deps.metrics.registry.contentType),
      },
    ],
    ['/openapi.json', { allow: 'GET, HEAD', send: (res) => sendJsonText(res, 200, deps.openApi.text()) }],
  ])
  for (const [path, file] of deps.docs) {
    pages.set(path, {
      allow: 'GET, HEAD',
      send: (res) => {
        res.setHeader('content-security-policy', docsPolicy)
        res.writeHead(200, { 'content-type': file.type, 'content-length': file.body.length })
        res.end(file.body)
      },
    })
  }

  const answer = async (page: Page, req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (page.allow.split(', ').includes(req.method ?? '')) await page.send(res)
    else methodNotAllowed(res, page.allow)
  }

  return (req, res, path) => {
    const page = pages.get(path)
    return page === undefined ? undefined : answer(page, req, res)
  }
}

export const methodNotAllowed = (res: ServerResponse, allow: string): void => {
  res.setHeader('allow', allow)
  sendDetail(res, 405, 'Method Not Allowed')
}
