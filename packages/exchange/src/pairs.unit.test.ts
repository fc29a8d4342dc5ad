import fc from 'fast-check'
import t from 'tap'
import { catalogue, connectorOf } from './catalogue.ts'
import { ccxtSymbolOf, tradingPairOf } from './pairs.ts'

const code = fc.stringMatching(/^[A-Z0-9]{2,10}$/)

t.test('a pair comes back from its ccxt symbol, for every connector', async (t) => {
  for (const connector of catalogue) {
    const ccxtOnly = {
      bases: (connector.pairs?.bases ?? []).map(([, theirs]) => theirs),
      quotes: (connector.pairs?.quotes ?? []).map(([, theirs]) => theirs),
    }
    fc.assert(
      fc.property(code, code, (base, quote) => {
        fc.pre(!ccxtOnly.bases.includes(base) && !ccxtOnly.quotes.includes(quote))
        const pair = `${base}-${quote}`
        return tradingPairOf(connector, ccxtSymbolOf(connector, pair)) === pair
      }),
    )
    t.equal(tradingPairOf(connector, ccxtSymbolOf(connector, connector.example)), connector.example, connector.name)
  }
})

t.test('the notations that differ', async (t) => {
  for (const [name, pair, symbol] of [
    ['binance', 'BTC-USDT', 'BTC/USDT'],
    ['simulator', 'BTC-USDT', 'BTC/USDT'],
    ['simulator_perpetual', 'BTC-USDT', 'BTC/USDT:USDT'],
    ['binance_perpetual_testnet', 'BTC-USDT', 'BTC/USDT:USDT'],
    ['hyperliquid_perpetual', 'BTC-USD', 'BTC/USDC:USDC'],
    ['dydx_v4_perpetual', 'BTC-USD', 'BTC/USDC:USDC'],
    ['kucoin_perpetual', 'XBT-USDT', 'BTC/USDT:USDT'],
    ['derive_perpetual', 'OP-USDC', 'OP/USD:USDC'],
    ['hyperliquid', 'HYPE-USDC', 'HYPE/USDC'],
  ] as const) {
    t.equal(ccxtSymbolOf(connectorOf(name), pair), symbol, name)
    t.equal(tradingPairOf(connectorOf(name), symbol), pair, name)
  }
})

t.test('markets without a name in the contract have no pair', async (t) => {
  t.equal(tradingPairOf(connectorOf('binance_perpetual'), 'BTC/USDT:USDT-261225'), null, 'a dated future')
  t.equal(tradingPairOf(connectorOf('okx_perpetual'), 'BTC/USD:BTC'), null, 'an inverse swap')
  t.equal(tradingPairOf(connectorOf('binance_perpetual'), 'BTC/USDT'), null, 'spot on a perpetual connector')
  t.equal(tradingPairOf(connectorOf('binance'), 'BTC/USDT:USDT'), null, 'a swap on a spot connector')
  t.equal(tradingPairOf(connectorOf('binance'), 'BTCUSDT'), null, 'no symbol at all')
})
