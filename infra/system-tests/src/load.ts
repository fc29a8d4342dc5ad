import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from './api.ts'

export interface Acknowledged {
  readonly idempotencyKey: string
  readonly clientOrderId: string
}

export interface Load extends Disposable {
  /** Stops placing, waits until every started order is acknowledged, and returns them. Rejects when one stays unanswered. */
  finish(): Promise<readonly Acknowledged[]>
  /** Stops placing and repeating, and waits for nothing: for a run that has failed. */
  [Symbol.dispose](): void
  /** Attempts that got no 201: refused connections, 503, time-outs. Each was repeated with the same key. */
  retries(): number
  started(): number
}

/** Hundreds of clients that ask again at once would keep a system down that is coming up. */
const FIRST_PAUSE_MS = 150
const LONGEST_PAUSE_MS = 1_000

/** What one attempt met: its status, 0 when there was no answer at all, and how long that took. */
export type OnAttempt = (status: number, ms: number, body: unknown) => void

/** Places orders at a steady rate. An attempt without an answer is repeated under the same Idempotency-Key until it is acknowledged. */
export const placeOrders = (
  api: Api,
  ordersPerSecond: number,
  order: (n: number) => object,
  onAttempt: OnAttempt = () => undefined,
): Load => {
  const acknowledged: Acknowledged[] = []
  const running = new Set<Promise<void>>()
  const unanswered: string[] = []
  let retries = 0
  let started = 0
  let state: 'placing' | 'finishing' | 'abandoned' = 'placing'

  const placeUntilAcknowledged = async (n: number): Promise<void> => {
    const idempotencyKey = randomUUID()
    const met: string[] = []
    const deadline = Date.now() + 90_000
    for (
      let pause = FIRST_PAUSE_MS;
      Date.now() < deadline && state !== 'abandoned';
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    ) {
      const begin = Date.now()
      const reply = await api
        .post('/trading/orders', order(n), { 'idempotency-key': idempotencyKey })
        .catch((error: unknown) => ({ status: 0, body: String(error) }))
      onAttempt(reply.status, Date.now() - begin, reply.body)
      if (reply.status === 201) {
        acknowledged.push({ idempotencyKey, clientOrderId: (reply.body as { order_id: string }).order_id })
        return
      }
      if (reply.status >= 400 && reply.status < 500 && reply.status !== 429)
        throw new Error(`order refused: ${reply.status} ${JSON.stringify(reply.body)}`)
      met.push(
        `${reply.status || 'nothing'} after ${Date.now() - begin} ms: ${JSON.stringify(reply.body).slice(0, 200)}`,
      )
      retries++
      await sleep(pause * (0.5 + Math.random()))
    }
    unanswered.push(`${idempotencyKey} (${met.length} attempts, the last ${met.at(-1)})`)
  }

  const failures: unknown[] = []
  const pacing = (async () => {
    const begin = Date.now()
    while (state === 'placing') {
      const due = ((Date.now() - begin) * ordersPerSecond) / 1000
      while (started < due && running.size < 500) {
        const one: Promise<void> = placeUntilAcknowledged(started++).then(
          () => void running.delete(one),
          (error) => {
            running.delete(one)
            failures.push(error)
          },
        )
        running.add(one)
      }
      await sleep(10)
    }
  })()

  return {
    retries: () => retries,
    started: () => started,
    [Symbol.dispose]: () => {
      state = 'abandoned'
    },
    finish: async () => {
      state = 'finishing'
      await pacing
      await Promise.all(running)
      if (failures[0]) throw failures[0]
      if (unanswered.length > 0)
        throw new Error(`${unanswered.length} orders were never acknowledged, the first ${unanswered[0]}`)
      return acknowledged
    },
  }
}
