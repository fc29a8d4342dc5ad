import { NUMBERS, TEXTS } from './odd-values.ts'
import type { Chance } from './random.ts'

/** Connectors of the simulator, one without an exchange behind it, and what is none: a real exchange is not asked. */
const connectorName = (chance: Chance): string =>
  chance.happens(0.75)
    ? chance.pick(['simulator', 'simulator', 'simulator_perpetual'])
    : chance.pick(['dexalot', 'dexalot_testnet', 'nope', 'Simulator', 'simulator ', chance.pick(TEXTS)])

const tradingPair = (chance: Chance): string =>
  chance.happens(0.75) ? chance.pick(['BTC-USDT', 'ETH-USDT', 'USDT-BTC']) : chance.pick(TEXTS)

const INTERVALS: readonly [string, ...string[]] = ['1s', '1m', '5m', '1h', '1d', '1w', '1M', '7m', '0m', 'm', '']

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const accountName = (chance: Chance): unknown =>
  chance.pick([null, 'master_account', 'master_account', 'nobody', chance.pick(TEXTS)])

const listOf =
  (one: (chance: Chance) => unknown) =>
  (chance: Chance): unknown[] =>
    Array.from({ length: chance.integer(0, 3) }, () => one(chance))

/** Name of the values that stand for an account where a request may take the account away. */
export const EXPENDABLE = 'expendable account'

/** Values by the name of the field, so that most requests reach the logic behind the checks. */
export const byName: Readonly<Record<string, (chance: Chance) => unknown>> = {
  connector_name: connectorName,
  trading_pair: tradingPair,
  trading_pairs: (chance) => Array.from({ length: chance.integer(0, 3) }, () => tradingPair(chance)),
  interval: (chance) => chance.pick(INTERVALS),
  max_records: (chance) => (chance.happens(0.8) ? chance.integer(1, 200) : chance.pick(NUMBERS)),
  start_time: (chance) => (chance.happens(0.8) ? nowSeconds() - chance.integer(0, 20_000) : chance.pick(NUMBERS)),
  end_time: (chance) => (chance.happens(0.8) ? nowSeconds() - chance.integer(0, 10_000) : chance.pick(NUMBERS)),
  /** Long enough for a busy machine, or refused: a wait that is too short fails by the caller's own wish. */
  timeout: (chance) => chance.pick([20, 30.5, 120, 0, 121, 0.5]),
  volume: (chance) => (chance.happens(0.6) ? chance.next() * 10 : chance.pick(NUMBERS)),
  quote_volume: (chance) => (chance.happens(0.6) ? chance.next() * 1e5 : chance.pick(NUMBERS)),
  price: (chance) => (chance.happens(0.6) ? chance.next() * 4e4 : chance.pick(NUMBERS)),
  account_name: accountName,
  account_names: listOf(accountName),
  connector_names: listOf(connectorName),
  [EXPENDABLE]: (chance) => chance.pick(['fuzzed', 'fuzzed', 'nobody', chance.pick(TEXTS)]),
  /** Small enough for the simulator's account to take, most of the time. */
  amount: (chance) =>
    chance.happens(0.7)
      ? chance.pick(['0.001', 0.002, '0.0015', '0.01'])
      : chance.pick([...NUMBERS, chance.pick(TEXTS)]),
  trade_type: (chance) => chance.pick(['BUY', 'SELL', 'BUY', 'SELL', 'buy', '']),
  trade_types: listOf((chance) => chance.pick(['BUY', 'SELL', 'X'])),
  order_type: (chance) => chance.pick(['LIMIT', 'MARKET', 'MARKET', 'LIMIT_MAKER', 'limit']),
  position_action: (chance) => chance.pick(['OPEN', 'OPEN', 'CLOSE', 'NIL']),
  position_mode: (chance) => chance.pick(['HEDGE', 'ONEWAY', 'oneway', 'BOTH', '']),
  status: (chance) => chance.pick([null, 'OPEN', 'FILLED', 'CANCELLED', 'garbage']),
  cursor: (chance) =>
    chance.pick([null, '0:', '1:x', '2026-01-01T00:00:00+00:00', '9999999999999:CLB', chance.pick(TEXTS)]),
  /** Milliseconds, seconds, dates and neither. */
  as_of: (chance) => chance.pick([Date.now(), nowSeconds(), '2026-01-01T00:00:00Z', 'yesterday', chance.pick(TEXTS)]),
  /** Nothing listens there, and no name server is asked. */
  url: (chance) =>
    chance.pick(['http://127.0.0.1:1/x', 'http://[::1]:1/', 'ftp://127.0.0.1/', 'x', chance.pick(TEXTS)]),
  /** Of a rate source; real ones would be asked for rates from then on. */
  name: (chance) => chance.pick(['nope', 'simulator', chance.pick(TEXTS)]),
  task_id: (chance) => chance.pick(['nope', 'deadbeef', '00000000', chance.pick(TEXTS)]),
  backtesting_resolution: (chance) => chance.pick(INTERVALS),
  side: (chance) => chance.pick(['BUY', 'sell', 'LONG', '']),
}
