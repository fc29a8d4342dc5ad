import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Keeps its connections and does nothing else: on two cores, what a client burns is missing to the system it measures. */
const agent = new Agent({ keepAlive: true })

/** One request, its whole answer. */
export const ask = (
  url: string,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', body = '' }: { readonly method?: string; readonly body?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = body === '' ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const req = request(url, { method, headers: sent, agent }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => (text += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: text }))
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end(body)
  })
