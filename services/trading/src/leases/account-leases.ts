import type { Fence } from '@colibri/event-log'
import type { Clearance } from '@colibri/exchange'
import type { BootError } from '@colibri/service-kit'
import type { LeaseSession } from './lease-session.ts'
import type { Subject } from './request-subject.ts'
import type { Instant } from './term.ts'

export type Located =
  | { readonly kind: 'here' }
  | { readonly kind: 'elsewhere'; readonly address: string }
  /** There is no such account. */
  | { readonly kind: 'nowhere' }

/** Which accounts this process is the one writer of. */
export interface AccountLeases {
  /** Joins the others, who reach this process at `address`; resolves when this process has its share of the accounts and has recovered them. */
  join(address: string): Promise<void>
  /** Marks a request as under way for an account held here; undefined when it is not. */
  enter(accountName: string): { end(): void } | undefined
  /** Where requests for an account belong. A free account that exists is taken. Waits while one is moving. */
  locate(accountName: string): Promise<Located>
  /** Where what concerns all accounts belongs. */
  locateKeeper(): Promise<Located>
  /** As of the last look; undefined when nobody else has it. */
  addressOf(subject: Subject): string | undefined
  /** Held here, also while it is being recovered or given away. */
  holds(accountName: string): boolean
  /** Of every append to the account's streams; undefined where the log cannot keep fences. Throws a 503 when the account is not held. */
  fence(accountName: string): Fence | undefined
  keeperFence(): Fence | undefined
  clearance(accountName: string): Clearance
  /** Epoch milliseconds since when no other process can have sent anything for the account; 0 when the one before gave it back. */
  soleSince(accountName: string): number
  /** Held here and recovered. */
  ready(accountName: string): boolean
  /** Held by other replicas, as of the last look. */
  heldElsewhere(): readonly string[]
  isKeeper(): boolean
  /** Looks soon: what decides about sharing has changed. */
  rethink(): void
  /** Looks now; rejects when the database cannot be asked. */
  look(): Promise<void>
  /** An append was refused: the account has another owner. */
  lost(error: unknown): void
  /** Gives every account to the other processes, if there are any, and takes none again. */
  handOver(): Promise<void>
  /** Gives back what is left. */
  leave(): Promise<void>
}

export interface AccountLeasesDeps {
  readonly owner: { readonly id: string; readonly ttlMs: number }
  /** `changed`: somebody has announced a change. */
  openSession(address: string, changed: () => void): Promise<LeaseSession>
  /** `exclusive`: the log keeps no fences, so that one process must have all accounts. */
  readonly mode: 'shared' | 'exclusive'
  accounts(): Promise<readonly string[]>
  exists(accountName: string): Promise<boolean>
  /** One replica has all accounts: what is decided over all of them needs one place. */
  together(): boolean
  /** Makes an account usable: its orders are loaded and compared with the venue. */
  adopt(accountName: string): Promise<void>
  /** Resolves when nothing is under way for the account. */
  drained(accountName: string): Promise<void>
  /** Closes and forgets everything of the account. */
  abandon(accountName: string): Promise<void>
  becameKeeper(): void
  /** Without fences, one that finds another in its place must end. */
  giveUp(reason: BootError): void
  now(): Instant
  background(name: string, work: Promise<unknown>): void
  logger: { info(text: string): void; warn(text: string): void }
}
