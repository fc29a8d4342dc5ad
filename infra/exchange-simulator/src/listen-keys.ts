import { randomBytes } from 'node:crypto'
import { Rejection } from './engine/rejection.ts'

const lifetime = 60 * 60 * 1000

/** The keys of user-data streams: one an account and market, valid for an hour after its last use, as on Binance. */
export class ListenKeys {
  readonly #byKey = new Map<string, { readonly account: string; readonly market: string; until: number }>()

  open(account: string, market: string, now: number): string {
    for (const [key, entry] of this.#byKey) {
      if (entry.account !== account || entry.market !== market || entry.until < now) continue
      entry.until = now + lifetime
      return key
    }
    const key = randomBytes(32).toString('hex')
    this.#byKey.set(key, { account, market, until: now + lifetime })
    return key
  }

  /** Throws -1125 for a key that is unknown or has lapsed. */
  keepAlive(key: string, now: number): void {
    const entry = this.#byKey.get(key)
    if (!entry || entry.until < now) throw new Rejection(-1125, 'This listenKey does not exist.')
    entry.until = now + lifetime
  }

  close(key: string): void {
    this.#byKey.delete(key)
  }

  keyOf(account: string, market: string): string | undefined {
    for (const [key, entry] of this.#byKey) if (entry.account === account && entry.market === market) return key
    return undefined
  }

  find(key: string, now: number): { readonly account: string; readonly market: string } | undefined {
    const entry = this.#byKey.get(key)
    return entry && entry.until >= now ? entry : undefined
  }

  clear(): void {
    this.#byKey.clear()
  }
}
