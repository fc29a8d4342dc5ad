import t from 'tap'
import { recentRates } from './recent-rates.ts'

t.test('asks again when what was said is old, and after a failure', async (t) => {
  let time = 0
  let failing = false
  const asked: string[] = []
  const rates = recentRates(
    async (pairs) => {
      asked.push(pairs.join(' '))
      if (failing) throw new Error('away')
      return { source: 'simulator', rates: new Map([[pairs[0] ?? '', String(asked.length)]]) }
    },
    1_000,
    () => time,
  )
  const of = async (pair: string) => (await rates([pair])).rates.get(pair)
  t.same(await Promise.all([of('BTC-USDT'), of('BTC-USDT')]), ['1', '1'])
  time = 999
  t.equal(await of('BTC-USDT'), '1')
  t.equal(await of('ETH-USDT'), '2', 'another question')
  time = 1_000
  t.equal(await of('BTC-USDT'), '3')
  time = 2_000
  failing = true
  await t.rejects(of('BTC-USDT'), { message: 'away' })
  failing = false
  t.equal(await of('BTC-USDT'), '5')
  for (let n = 0; n < 300; n += 1) await of(`T${n}-USDT`)
  t.equal(await of('BTC-USDT'), '306', 'what nobody asked for lately is forgotten')
})
