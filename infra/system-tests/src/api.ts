/** The REST API as a client sees it: Basic auth, JSON in and out, no retries. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export interface Api {
  get(path: string): Promise<Reply>
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  send(method: string, path: string, init: RequestInit): Promise<Reply>
}

export const api = (url: string, timeoutMs = 30_000): Api => {
  const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`
  const send = async (method: string, path: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(url + path, {
      ...init,
      method,
      headers: { authorization, ...(init.headers as Record<string, string> | undefined) },
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    return { status: response.status, body: parsed(text), headers: response.headers }
  }
  return {
    send,
    get: (path) => send('GET', path, {}),
    post: (path, body, headers = {}) =>
      send('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
