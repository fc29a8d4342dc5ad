import { ExactSide, type Row } from './exact-side.ts'

interface Undo {
  readonly side: ExactSide
  readonly key: number
  readonly row: Row | null
}

/** What a book tells about itself to whoever made it. */
export interface BookOwner {
  /** A message began to change the book. */
  touched(book: ExactBook): void
  /** Greater than every number it gave before. */
  nextUpdateId(): number
  /** Levels beyond this many on one side are forgotten after each message. */
  readonly depth: number
  /** A snapshot of so many levels is cut off there: what lies deeper is unknown, and updates of it are no use. */
  readonly snapshotDepth: number
}

/** A side of a snapshot that was cut off is used up when fewer of its levels are left. */
const fewestLevels = 20

interface Snapshot {
  readonly nonce?: number
  readonly timestamp?: number
  readonly datetime?: string
  readonly symbol?: string
  readonly bids?: readonly (readonly unknown[])[]
  readonly asks?: readonly (readonly unknown[])[]
}

type Before = Pick<ExactBook, 'nonce' | 'timestamp' | 'datetime' | 'symbol'> & {
  readonly horizons: readonly [bids: number, asks: number]
}

/**
 * A book that takes the place of ccxt's own in its exchange classes: levels keep the venue's texts, and a message that
 * turns out wrong is taken back whole. Its fields are those that ccxt's classes read and write.
 */
export class ExactBook {
  readonly asks = new ExactSide(this, 'asks')
  readonly bids = new ExactSide(this, 'bids')
  cache: unknown[] = []
  nonce: number | undefined
  timestamp: number | undefined
  datetime: string | undefined
  symbol: string | undefined
  readonly #owner: BookOwner
  #undo: Undo[] = []
  #before: Before | undefined
  #state: 'live' | 'retired' = 'live'
  updateId: number
  /** The connection over which its watchers were given it last. */
  carrier: unknown
  /** When the last message was applied, by this machine's clock. */
  changedAt = Date.now()

  constructor(owner: BookOwner, snapshot: Snapshot = {}) {
    this.#owner = owner
    this.updateId = owner.nextUpdateId()
    if (snapshot.bids !== undefined || snapshot.asks !== undefined || snapshot.nonce !== undefined) this.reset(snapshot)
    this.symbol = snapshot.symbol
  }

  /** The venue's time of the state before the message that is being applied. */
  get timestampBefore(): number | undefined {
    return this.#before === undefined ? this.timestamp : this.#before.timestamp
  }

  get retired(): boolean {
    return this.#state === 'retired'
  }

  /** Notes what a level was before a message changed it. */
  changed(side: ExactSide, key: number, row: Row | null): void {
    this.#begin()
    this.#undo.push({ side, key, row })
  }

  /** The message that was being applied holds. */
  commit(): void {
    if (this.#undo.length > 0) {
      this.updateId = this.#owner.nextUpdateId()
      this.changedAt = Date.now()
    }
    this.#close()
  }

  /** Takes back everything since the last commit. */
  rollback(): void {
    const undo = this.#undo
    const before = this.#before
    this.#undo = []
    for (let index = undo.length - 1; index >= 0; index -= 1) {
      const step = undo[index]
      step?.side.restore(step.key, step.row)
    }
    if (before !== undefined) {
      this.nonce = before.nonce
      this.timestamp = before.timestamp
      this.datetime = before.datetime
      this.symbol = before.symbol
      this.bids.horizon = before.horizons[0]
      this.asks.horizon = before.horizons[1]
    }
    this.#close()
  }

  /** The book stands still from now on; whoever holds it sees its last good state. */
  retire(): void {
    this.#state = 'retired'
  }

  reset(snapshot: Snapshot = {}): this {
    // Two snapshots may be under way; the older one must not turn time back.
    if (this.nonce !== undefined && snapshot.nonce !== undefined && Number(snapshot.nonce) < this.nonce) return this
    this.#begin()
    for (const side of ['asks', 'bids'] as const) {
      this[side].clear()
      this[side].horizon = Number.POSITIVE_INFINITY
      for (const row of snapshot[side] ?? []) this[side].storeArray(row)
      this[side].lookNoFurther(this.#owner.snapshotDepth)
    }
    this.nonce = snapshot.nonce
    this.timestamp = snapshot.timestamp
    this.datetime = snapshot.datetime
    if (snapshot.symbol !== undefined) this.symbol = snapshot.symbol
    return this
  }

  update(snapshot: Snapshot): this {
    return this.nonce !== undefined && snapshot.nonce !== undefined && snapshot.nonce <= this.nonce
      ? this
      : this.reset(snapshot)
  }

  limit(): this {
    return this
  }

  /** Cuts both sides to the depth that is kept. */
  cut(): void {
    this.asks.keep(this.#owner.depth)
    this.bids.keep(this.#owner.depth)
  }

  /** The price has left the range of the snapshot: what is best now may never have been told. */
  get outrun(): boolean {
    return [this.asks, this.bids].some(
      ({ horizon, length }) => horizon !== Number.POSITIVE_INFINITY && length < fewestLevels,
    )
  }

  #begin(): void {
    if (this.#before !== undefined) return
    const { nonce, timestamp, datetime, symbol } = this
    this.#before = { nonce, timestamp, datetime, symbol, horizons: [this.bids.horizon, this.asks.horizon] }
    this.#owner.touched(this)
  }

  #close(): void {
    this.#undo = []
    this.#before = undefined
  }
}
