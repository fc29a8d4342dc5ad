import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  json(): unknown
}

export interface Ask {
  readonly method?: string
  /** Sent as it is, never normalised. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  /** `user:password` */
  readonly login?: string
  /** Which address the request comes from. */
  readonly localAddress?: string
}

export const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`

const agent = new Agent({ keepAlive: false })

/** One request on a connection of its own; a body without a content-length header goes out chunked. */
export const ask = (
  base: string,
  { method = 'GET', path, headers = {}, body, login, localAddress }: Ask,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const all = login === undefined ? headers : { authorization: basic(login), ...headers }
    const req = request({ hostname, port, method, path, headers: all, agent, localAddress }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: () => JSON.parse(text) })
      })
    })
    req.on('error', reject)
    if (body !== undefined) req.write(body)
    req.end()
  })

/** Resolves when the condition holds; fails after ten seconds. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
