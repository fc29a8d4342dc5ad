/** Who holds what, as one replica sees it. */
export interface Situation {
  readonly me: string
  /** Replicas that live, this one included. */
  readonly replicas: readonly string[]
  readonly accounts: readonly string[]
  /** Accounts that are held, by whom. */
  readonly owners: ReadonlyMap<string, string>
  /** Free accounts that a replica with fewer should have taken long ago. */
  readonly overdue: ReadonlySet<string>
  /** `keeper`: all accounts belong to this one. Undefined: they are shared out. */
  readonly keeper: string | undefined
}

export interface Moves {
  readonly take: readonly string[]
  readonly give: readonly string[]
}

/**
 * What this replica does next, so that every account gets one owner and no replica holds two more than another. Each
 * replica decides for itself; where two want the same account, the lease decides. Nothing moves without need.
 */
export const shareAccounts = ({ me, replicas, accounts, owners, overdue, keeper }: Situation): Moves => {
  const free = accounts.filter((account) => !owners.has(account))
  const mine = accounts.filter((account) => owners.get(account) === me)
  if (keeper !== undefined) return keeper === me ? { take: free, give: [] } : { take: [], give: mine }

  const counts = new Map(replicas.map((replica) => [replica, 0]))
  for (const [account, owner] of owners) {
    const before = counts.get(owner)
    if (before !== undefined && accounts.includes(account)) counts.set(owner, before + 1)
  }
  const others = [...counts].filter(([replica]) => replica !== me).map(([, count]) => count)
  const fewest = Math.min(...others, Number.POSITIVE_INFINITY)

  const take: string[] = []
  for (const account of free) {
    if (mine.length + take.length <= fewest || overdue.has(account)) take.push(account)
  }
  if (take.length > 0 || free.length > 0) return { take, give: [] }

  // One at a time, and only one replica gives: the one with most, by name among equals.
  const first = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))[0]?.[0]
  return { take, give: first === me && mine.length - fewest >= 2 ? mine.slice(-1) : [] }
}
