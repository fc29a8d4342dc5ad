import type { Decimal } from 'decimal.js'
import t from 'tap'
import type { ConfClientRates } from './conf-client.ts'
import { Exact, quotient } from './find-rate.ts'
import type { LiveBook } from './live-books.ts'
import { type OracleSettings, RateOracle } from './rate-oracle.ts'
import { SettingsMissing } from './rate-settings.ts'
import type { SourceLookup } from './rate-source.ts'

type Load = { resolve(prices: Record<string, string>): void; reject(error: Error): void }

/** An oracle whose file, sources, books and clock are moved by hand. */
const byHand = (t: { teardown(end: () => void): void }, file: ConfClientRates = { source: 'one' }) => {
  const world = {
    time: 1_000_000,
    file: file as ConfClientRates | Error,
    books: [] as LiveBook[],
    disk: Promise.resolve(),
  }
  const loads: Record<string, Load[]> = { one: [], two: [] }
  const told: string[] = []
  const lookup = (name: string): SourceLookup => {
    if (name === 'broken') return { kind: 'unusable', reason: 'nobody made it' }
    const prices = () =>
      new Promise<ReadonlyMap<string, Decimal>>((resolve, reject) => {
        loads[name]?.push({
          resolve: (given) => resolve(new Map(Object.entries(given).map(([pair, price]) => [pair, new Exact(price)]))),
          reject,
        })
      })
    return { kind: 'source', source: { name, refreshMs: 30_000, prices } }
  }
  const oracle = new RateOracle({
    settings: {
      read: async () => {
        const { file, disk } = world
        await disk
        if (file instanceof Error) throw file
        return file
      },
      write: async ({ source, token }) => {
        const old = world.file instanceof Error ? {} : world.file
        world.file = {
          ...old,
          ...(typeof source === 'string' ? { source } : {}),
          ...(token === undefined ? {} : { tokenName: token.name, tokenSymbol: token.symbol }),
        }
      },
      ensure: async () => false,
    },
    sources: { names: ['one', 'two', 'broken', 'gate_io'], initial: 'one', lookup },
    books: async (wanted) => world.books.filter(({ tradingPair }) => wanted.has(tradingPair)),
    changed: () => told.push('changed'),
    maxAgeMs: 60_000,
    waitMs: 20,
    now: () => world.time,
    elapsed: () => world.time,
    random: () => 0.5,
    background: (_, promise) => {
      promise.catch((error: unknown) => told.push(`background: ${String(error)}`))
    },
    report: {
      settings: ({ source }, unusable) => told.push(unusable === null ? `by ${source}` : `${source}: ${unusable}`),
      settingsFailed: (error) => told.push(String(error)),
      loaded: () => {},
    },
  })
  t.teardown(() => oracle.stop())
  const answer = async (source: string, prices: Record<string, string>): Promise<void> => {
    loads[source]?.at(-1)?.resolve(prices)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const rate = async (pair: string) => {
    const { source, said } = await oracle.rates([pair])
    return [source, said.get(pair)?.value.toFixed() ?? null]
  }
  const shown = async () => {
    const { source, quoteToken, said } = await oracle.allPrices()
    return { source, quoteToken, pairs: [...said.keys()] }
  }
  return { world, loads, told, oracle, answer, rate, shown }
}

t.test('a source that says nothing yet is waited for, but not for long', async (t) => {
  const { oracle, loads, answer, rate } = byHand(t)
  await oracle.start()
  t.same(await rate('BTC-USDT'), ['one', null], 'in vain')
  const waiting = rate('BTC-USDT')
  await answer('one', { 'BTC-USDT': '50000' })
  t.same(await waiting, ['one', '50000'])
  t.same(await rate('USDT-BTC'), ['one', '0.00002'])
  t.equal(loads.one?.length, 1, 'one request for all of them')
})

t.test('an old price values nothing but is shown', async (t) => {
  const { world, oracle, answer, rate, shown } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000', 'ETH-BTC': '0.05' })
  world.time += 60_000
  t.same(await rate('ETH-USDT'), ['one', '2500'])
  world.time += 1
  t.same(await rate('ETH-USDT'), ['one', null])
  t.same((await shown()).pairs, ['BTC-USDT', 'ETH-BTC'])
})

t.test('another source or token begins with nothing; a late answer of the one before counts no more', async (t) => {
  const { oracle, loads, told, answer, rate, shown } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000' })
  t.same(await oracle.change({ source: 'two' }), { source: 'two', tokenName: 'USDT', tokenSymbol: '$' })
  t.same(await shown(), { source: 'two', quoteToken: 'USDT', pairs: [] })
  await answer('two', { 'ETH-USDT': '2500' })
  t.same(await shown(), { source: 'two', quoteToken: 'USDT', pairs: ['ETH-USDT'] })

  await oracle.change({ token: { name: 'EUR', symbol: '€' } })
  t.same(await shown(), { source: 'two', quoteToken: 'EUR', pairs: [] })
  await oracle.change({ source: 'one' })
  t.equal(loads.two?.length, 2)
  await answer('two', { 'LATE-EUR': '1' })
  await answer('one', { 'BTC-EUR': '45000' })
  t.same(await shown(), { source: 'one', quoteToken: 'EUR', pairs: ['BTC-EUR'] })

  await oracle.change({ token: { name: 'EUR', symbol: 'E' } })
  t.same(await rate('BTC-EUR'), ['one', '45000'], 'another symbol is no other price')
  t.same(told, ['by one', 'by two', 'changed', 'by two', 'changed', 'by one', 'changed', 'changed'])
  await oracle.change({})
  t.equal(told.length, 8, 'nothing to tell')
})

t.test('what the file says holds without a word from anybody', async (t) => {
  const { world, oracle, answer, rate } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000' })
  world.file = { source: 'two' }
  t.same(await rate('BTC-USDT'), ['two', null])
})

t.test('a file that says nothing usable leaves things as they are, and is complained of once', async (t) => {
  const { world, told, oracle, answer, rate } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000' })
  world.file = new SettingsMissing()
  t.same(await rate('BTC-USDT'), ['one', '50000'])
  t.same(await rate('BTC-USDT'), ['one', '50000'])
  await t.rejects(oracle.settings(), SettingsMissing)
  world.file = { source: 'two' }
  await rate('BTC-USDT')
  world.file = new SettingsMissing()
  await rate('BTC-USDT')
  t.same(told, ['by one', String(new SettingsMissing()), 'by two', String(new SettingsMissing())])
})

t.test('a source nobody knows is the contract’s default', async (t) => {
  const { told, oracle } = byHand(t, { source: 'elsewhere' })
  await oracle.start()
  t.same(await oracle.settings(), { source: 'gate_io', tokenName: 'USDT', tokenSymbol: '$' } satisfies OracleSettings)
  t.match(told[0], /names the rate source elsewhere, which does not exist here: using gate_io/)
})

t.test('a source that cannot be used has no prices and keeps nobody waiting', async (t) => {
  const { told, oracle, rate, shown } = byHand(t, { source: 'broken' })
  await oracle.start()
  t.same(await rate('BTC-USDT'), ['broken', null])
  t.same(await rate('BTC-BTC'), ['broken', '1'])
  t.same((await shown()).pairs, [])
  t.equal((await oracle.freshRate('BTC-USDT')).said, undefined)
  t.same(told, ['broken: nobody made it'])
})

t.test('a fresh rate is made of what the source says now, or not at all', async (t) => {
  const { world, loads, oracle, answer } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000', 'GONE-USDT': '1' })
  world.time += 5_000
  const asked = oracle.freshRate('BTC-USDT')
  while (loads.one?.length === 1) await new Promise((resolve) => setImmediate(resolve))
  await answer('one', { 'BTC-USDT': '51000' })
  t.equal((await asked).said?.value.toFixed(), '51000')
  t.equal((await oracle.freshRate('GONE-USDT')).said, undefined, 'not from the prices kept')
  world.time += 5_000
  t.equal((await oracle.freshRate('BTC-USDT')).said, undefined, 'not when nothing comes')
  loads.one?.at(-1)?.reject(new Error('away'))
  t.equal((await oracle.freshRate('BTC-USDT')).said, undefined, 'not while it fails')
})

t.test('prices first, then live books, then the reverse pair', async (t) => {
  const { world, oracle, answer, rate } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000', 'USDT-EUR': '0.9', 'A-L': '4', 'B-L': '2' })
  const book = (connectorName: string, tradingPair: string, bid: string | null, ask: string | null): LiveBook => ({
    connectorName,
    tradingPair,
    bid,
    ask,
    time: 1,
  })
  world.books = [
    book('zeta', 'BTC-USDT', '1', '1'),
    book('zeta', 'NEW-USDT', '9', '9'),
    book('beta', 'USDT-NEW', '3.9', '4.1'),
    book('alpha', 'NEW-USDT', null, '5'),
  ]
  t.same(await rate('BTC-USDT'), ['one', '50000'])
  t.same(await rate('NEW-USDT'), ['one', '0.25'], 'the first connector by name with both sides, the reverse inverted')
  world.books = [book('zeta', 'NEW-USDT', '9', '11')]
  t.same(await rate('NEW-USDT'), ['one', '10'])
  t.same(await rate('USDT-NEW'), ['one', '0.1'])
  // No market of EUR: only the way from BTC over USDT to EUR tells.
  t.same(await rate('BTC-EUR'), ['one', '45000'])
  t.same(await rate('EUR-BTC'), ['one', quotient(1, new Exact(45_000)).toFixed()])
})

t.test('a request for very many pairs lets others have their turn', async (t) => {
  const { oracle, answer } = byHand(t)
  await oracle.start()
  await answer('one', { 'BTC-USDT': '50000' })
  const done: string[] = []
  const many = Array.from({ length: 20_000 }, (_, n) => (n % 2 === 0 ? `X${n}-Y` : 'BTC-USDT'))
  const large = oracle.rates(many).then(({ said }) => {
    done.push('large')
    return said
  })
  await oracle.rates(['BTC-USDT']).then(() => done.push('small'))
  const said = await large
  t.same(done, ['small', 'large'])
  t.equal(said.size, 10_001)
  t.equal(said.get('BTC-USDT')?.value.toFixed(), '50000')
})

t.test('a look at the file that began earlier does not undo a later one', async (t) => {
  const { world, told, oracle, rate } = byHand(t)
  await oracle.start()
  const slow = Promise.withResolvers<void>()
  world.disk = slow.promise
  const early = rate('BTC-USDT')
  world.disk = Promise.resolve()
  world.file = { source: 'two' }
  t.same(await rate('BTC-USDT'), ['two', null])
  slow.resolve()
  t.same(await early, ['two', null])
  t.same(told, ['by one', 'by two'])
})
