import { get } from 'node:http'
import { type ServiceName, serviceName } from '@colibri/contracts'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Replica } from '../replicas/replicas.ts'
import type { PathTable } from '../routing/path-table.ts'

const operation = z.record(z.string(), z.unknown())
const openApiDocument = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)).default({}),
  components: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
})
type OpenApiDocument = z.infer<typeof openApiDocument>

export interface OpenApi {
  /** A replica became ready: reads what it serves, once per instance. */
  learn(replica: Replica): void
  /** Resolves when nothing is being read for the service. */
  settled(service: ServiceName): Promise<void>
  /** The documents of all services seen so far as one, in JSON. */
  text(): string
}

const FETCH_TIMEOUT_MS = 5_000
const RETRY_MS = 2_000
const LARGEST_DOCUMENT = 16 * 1_048_576
const httpMethods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch'])
const reference = /^#\/components\/([^/]+)\/(.+)$/

const fetchText = (url: URL, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get(url, { headers, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }, (res) => {
      const chunks: Buffer[] = []
      let size = 0
      if (res.statusCode !== 200) reject(new Error(`status ${res.statusCode}`))
      res.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > LARGEST_DOCUMENT) request.destroy(new Error('document too large'))
        else chunks.push(chunk)
      })
      res.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      res.on('error', reject)
    })
    request.on('error', reject)
  })

const renameReferences = (value: unknown, renamed: ReadonlyMap<string, string>): unknown => {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, renamed))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const parts = key === '$ref' && typeof inner === 'string' ? reference.exec(inner) : null
      const name = parts === null ? undefined : renamed.get(`${parts[1]}/${parts[2]}`)
      return [key, name === undefined ? renameReferences(inner, renamed) : `#/components/${parts?.[1]}/${name}`]
    }),
  )
}

/** One document out of many: two different components of one name get the name of their service added. */
export const mergeDocuments = (
  documents: ReadonlyMap<ServiceName, OpenApiDocument>,
  spelling: ReadonlyMap<string, string>,
): unknown => {
  const paths: Record<string, unknown> = {}
  const components: Record<string, Record<string, unknown>> = {
    securitySchemes: { HTTPBasic: { type: 'http', scheme: 'basic' } },
  }
  for (const name of serviceName.options) {
    const document = documents.get(name)
    if (document === undefined) continue
    const renamed = new Map<string, string>()
    for (const [kind, entries] of Object.entries(document.components)) {
      if (kind === 'securitySchemes') continue
      for (const [key, value] of Object.entries(entries)) {
        const other = components[kind]?.[key]
        if (other !== undefined && JSON.stringify(other) !== JSON.stringify(value)) {
          renamed.set(`${kind}/${key}`, `${key}_${name.replaceAll('-', '_')}`)
        }
      }
    }
    for (const [kind, entries] of Object.entries(document.components)) {
      if (kind === 'securitySchemes') continue
      const into = components[kind] ?? {}
      components[kind] = into
      for (const [key, value] of Object.entries(entries)) {
        into[renamed.get(`${kind}/${key}`) ?? key] = renameReferences(value, renamed)
      }
    }
    for (const [path, operations] of Object.entries(document.paths)) {
      const secured = Object.entries(operations).map(([method, value]) => [
        method,
        httpMethods.has(method) ? { ...value, security: [{ HTTPBasic: [] }] } : value,
      ])
      paths[spelling.get(path) ?? path] = renameReferences(Object.fromEntries(secured), renamed)
    }
  }
  return { openapi: '3.1.0', info: { title: 'Hummingbot API', version: '1.0.1' }, paths, components }
}

/** The contract spells twelve paths with a trailing slash; the services know them without. */
const slashSpelling = (entries: readonly string[]): Map<string, string> => {
  const spelled = entries.map((entry) => entry.slice(entry.indexOf(' ') + 1)).filter((path) => path.endsWith('/'))
  return new Map(spelled.map((path) => [path.slice(0, -1), path]))
}

export const createOpenApi = (
  table: PathTable,
  contract: readonly string[],
  edgeToken: string,
  logger: Logger,
): OpenApi => {
  const documents = new Map<ServiceName, OpenApiDocument>()
  const reading = new Map<ServiceName, Promise<void>>()
  const read = new Map<ServiceName, string>()
  const spelling = slashSpelling(contract)
  let merged: string | undefined

  const learn = (replica: Replica): void => {
    if (replica.state !== 'ready' || read.get(replica.service) === replica.instanceId) return
    read.set(replica.service, replica.instanceId)
    reading.set(replica.service, fetchDocument(replica))
  }

  const fetchDocument = async (replica: Replica): Promise<void> => {
    try {
      const text = await fetchText(new URL('/openapi.json', replica.url), { 'x-colibri-edge-token': edgeToken })
      const document = openApiDocument.parse(JSON.parse(text))
      documents.set(replica.service, document)
      merged = undefined
      for (const [path, operations] of Object.entries(document.paths)) {
        const methods = Object.keys(operations).filter((method) => httpMethods.has(method))
        if (methods.length > 0) table.add(`${methods.join(',').toUpperCase()} ${path}`)
      }
    } catch (error) {
      read.delete(replica.service)
      logger.warn({ service: replica.service, instanceId: replica.instanceId, err: error }, 'no OpenAPI document yet')
      setTimeout(learn, RETRY_MS, replica).unref()
    }
  }

  return {
    learn,
    settled: async (service) => reading.get(service),
    text: () => {
      merged ??= JSON.stringify(mergeDocuments(documents, spelling))
      return merged
    },
  }
}
