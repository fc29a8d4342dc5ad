import fc from 'fast-check'
import t from 'tap'
import { type Situation, shareAccounts } from './share-accounts.ts'

const situation = (change: Partial<Situation>): Situation => ({
  me: 'a',
  replicas: ['a', 'b'],
  accounts: ['one', 'two', 'three'],
  owners: new Map(),
  overdue: new Set(),
  keeper: undefined,
  ...change,
})

t.test('who is alone takes everything; who is fuller than another takes nothing', async (t) => {
  t.same(shareAccounts(situation({ replicas: ['a'] })).take, ['one', 'two', 'three'])
  const owners = new Map([['one', 'a']])
  t.same(shareAccounts(situation({ owners })), { take: [], give: [] })
  t.same(shareAccounts(situation({ owners, me: 'b' })).take, ['two', 'three'].slice(0, 2))
  t.same(shareAccounts(situation({ owners, overdue: new Set(['two']) })).take, ['two'], 'nobody else came for it')
})

t.test('a newcomer gets its part, one account at a time, and nothing moves for nothing', async (t) => {
  const all = new Map([
    ['one', 'a'],
    ['two', 'a'],
    ['three', 'a'],
  ])
  t.same(shareAccounts(situation({ owners: all })), { take: [], give: ['three'] })
  t.same(shareAccounts(situation({ owners: new Map(all).set('three', 'b') })), { take: [], give: [] })
  t.same(shareAccounts(situation({ accounts: ['one'], owners: new Map([['one', 'b']]) })), { take: [], give: [] })
})

t.test('what is decided over all accounts needs one process', async (t) => {
  const owners = new Map([
    ['one', 'a'],
    ['two', 'b'],
  ])
  t.same(shareAccounts(situation({ owners, keeper: 'a' })), { take: ['three'], give: [] })
  t.same(shareAccounts(situation({ owners, keeper: 'b' })), { take: [], give: ['one'] })
})

/** Every replica acts on what it sees, in any order; an account that is given is free, one that is free is had by the first. */
const step = (
  state: Omit<Situation, 'me' | 'owners' | 'overdue'>,
  owners: Map<string, string>,
  me: string,
): boolean => {
  const { take, give } = shareAccounts({ ...state, me, owners: new Map(owners), overdue: new Set() })
  for (const account of give) if (owners.get(account) === me) owners.delete(account)
  for (const account of take) if (!owners.has(account)) owners.set(account, me)
  return take.length + give.length > 0
}

t.test('from any start every account finds one owner, the parts are even, and then all is still', async (t) => {
  const names = (prefix: string) => Array.from({ length: 6 }, (_, index) => `${prefix}${index}`)
  const property = fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 6 }),
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 6 }),
    fc.infiniteStream(fc.nat()),
    fc.boolean(),
    (replicaCount, accountCount, start, order, together) => {
      const replicas = names('r').slice(0, replicaCount)
      const accounts = names('account').slice(0, accountCount)
      const owners = new Map(
        accounts.flatMap((account, index) => {
          const owner = replicas[start[index] ?? 0]
          return owner === undefined ? [] : [[account, owner] as const]
        }),
      )
      const state = { replicas, accounts, keeper: together ? replicas[0] : undefined }
      for (let n = 0; n < 200; n += 1) {
        const me = replicas[(order.next().value ?? 0) % replicas.length] ?? 'r0'
        step(state, owners, me)
      }
      for (let n = 0; n < 20; n += 1) for (const me of replicas) step(state, owners, me)
      const still = replicas.every((me) => !step(state, owners, me))
      const counts = replicas.map((replica) => [...owners.values()].filter((owner) => owner === replica).length)
      const even = together ? counts[0] === accountCount : Math.max(...counts) - Math.min(...counts) <= 1
      return still && owners.size === accountCount && even
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})
