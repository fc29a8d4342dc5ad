import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Reply } from '../api.ts'

/** Not now: what an overloaded or starting machine may say. */
const LATE = new Set([503, 504])

export interface PatientApi extends Api {
  /** How many requests were told 503 or 504 and were asked once more. */
  repeated(): number
}

/** Asks once more what is told 503 or 504: on a machine too busy for its work nothing is in time. What stays late is told. */
export const patient = (api: Api, repeatAfterMs = 3_000): PatientApi => {
  let repeated = 0
  const send: Api['send'] = async (method, path, init): Promise<Reply> => {
    const reply = await api.send(method, path, init)
    if (!LATE.has(reply.status)) return reply
    repeated++
    await sleep(repeatAfterMs)
    return api.send(method, path, init)
  }
  return {
    send,
    get: (path) => send('GET', path, {}),
    post: (path, body, headers = {}) =>
      send('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
    repeated: () => repeated,
  }
}
