import type { FeedKey } from './feed.ts'
import type { Claim } from './feed-claims.ts'
import type { Siblings } from './siblings.ts'

export interface OwnerSearch {
  readonly siblings: Pick<Siblings, 'claims' | 'lease'>
  readonly key: FeedKey
  /** Of this replica. */
  readonly session: string
  /** The highest term seen; asked when a claim is taken. */
  readonly knownTerm: () => number
  /** Nobody wants the feed here any more. */
  readonly gone: () => boolean
  /** Listens to another replica; false when that one says that it does not own the feed. */
  readonly listen: (session: string) => Promise<boolean>
}

/** `settled`: another owns the feed and is listened to, or nobody here wants it. `outrun`: somebody took it just now. */
export type OwnerFound = { readonly kind: 'settled' | 'outrun' } | { readonly kind: 'ours'; readonly claim: Claim }

/** One attempt to find out who owns a feed: another replica that lives, or else this one, which claims it. */
export const findOwner = async (search: OwnerSearch): Promise<OwnerFound> => {
  const { key, session, knownTerm, gone, listen } = search
  const { lease, claims } = search.siblings
  const claim = await claims.read(key)
  if (gone()) return { kind: 'settled' }
  const other = claim?.session === session ? null : (claim?.session ?? null)
  if (other !== null && (await lease.alive(other))) {
    if (gone() || (await listen(other)) || gone()) return { kind: 'settled' }
  }
  // Also what is claimed for this replica already is taken again: another may just be taking it.
  const taken = await claims.take(key, session, claim, knownTerm())
  if (taken === undefined) return { kind: 'outrun' }
  if (gone() || lease.session() !== session) {
    // Nobody waits for it here any more; a claim of a lapsed session is free by itself.
    if (lease.session() === session) await claims.release(key, taken)
    return { kind: 'settled' }
  }
  return { kind: 'ours', claim: taken }
}
