import type { FaultKind } from '../faults.ts'
import type { Operation } from './route.ts'

/** A request as it arrived, whatever became of it. */
export interface ArrivedRequest {
  /** Epoch milliseconds of the machine's clock, fractions included. */
  readonly at: number
  readonly market: 'spot' | 'futures'
  readonly operation: Operation
  readonly path: string
  readonly fault: FaultKind | null
}

const most = 50_000

/** The newest requests to the exchange, oldest first: what a limit on them is judged by. */
export class RequestLog {
  #requests: ArrivedRequest[] = []

  add(request: ArrivedRequest): void {
    this.#requests.push(request)
    if (this.#requests.length > 2 * most) this.#requests = this.#requests.slice(-most)
  }

  list(): readonly ArrivedRequest[] {
    return this.#requests.slice(-most)
  }

  clear(): void {
    this.#requests = []
  }
}
