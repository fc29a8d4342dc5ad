/** Wrong passwords an address may send before it has to wait. */
export const FREE_FAILURES = 10
/** The wait doubles from one second with every further failure, up to this. */
export const LONGEST_WAIT_MS = 300_000
/** An address that stays quiet this long starts anew. */
export const FORGET_AFTER_MS = 900_000
/** Addresses remembered at once; the one that failed longest ago goes first. */
export const MOST_ADDRESSES = 10_000

interface Failures {
  readonly count: number
  readonly last: number
  readonly blockedUntil: number
}

export interface Lockout {
  /** Milliseconds the address still has to wait; 0 when it may try. */
  wait(address: string, now: number): number
  failed(address: string, now: number): void
  succeeded(address: string): void
  readonly size: number
}

/** IPv6 clients own a /64, so that is what counts as one address. */
const bucket = (address: string): string => {
  if (address.startsWith('::ffff:')) return address.slice(7)
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  return groups.slice(0, 4).join(':')
}

/** Slows down guessing per address. Only wrong passwords count; a right one clears the record of its address. */
export const createLockout = (): Lockout => {
  const failures = new Map<string, Failures>()

  const wait = (address: string, now: number): number => {
    if (failures.size === 0) return 0
    const found = failures.get(bucket(address))
    return found === undefined ? 0 : Math.max(0, found.blockedUntil - now)
  }

  const failed = (address: string, now: number): void => {
    const key = bucket(address)
    const before = failures.get(key)
    const count = before === undefined || now - before.last > FORGET_AFTER_MS ? 1 : before.count + 1
    const excess = count - FREE_FAILURES
    const blocked = excess < 0 ? 0 : Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(excess, 20))
    failures.delete(key)
    failures.set(key, { count, last: now, blockedUntil: now + blocked })
    if (failures.size <= MOST_ADDRESSES) return
    const oldest = failures.keys().next()
    if (oldest.done !== true) failures.delete(oldest.value)
  }

  const succeeded = (address: string): void => {
    if (failures.size > 0) failures.delete(bucket(address))
  }

  return {
    wait,
    failed,
    succeeded,
    get size() {
      return failures.size
    },
  }
}
