import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { ConfClientUnreadable, changedConfClient, newConfClient, readConfClient } from './conf-client.ts'

const original = `####################################
###   client_config_map config   ###
####################################

instance_id: 1234e5678
fetch_pairs_from_all_exchanges: false

rate_limits_share_pct: 100.0
mqtt_bridge:
  mqtt_host: localhost
  mqtt_password: 'p: w # secret'
  mqtt_autostart: yes
  mqtt_topics:
    - b
    - a
kill_switch_mode: {}
tables_format: ~
rate_oracle_source:
  name: coin_cap
  api_key: abc
global_token:
  global_token_symbol: $
  global_token_name: USDT
`

t.test('a file of the original is read', async (t) => {
  t.same(readConfClient(original), { source: 'coin_cap', tokenName: 'USDT', tokenSymbol: '$' })
  t.same(readConfClient(''), {})
  t.same(readConfClient('# nothing\n'), {})
  t.same(readConfClient('global_token:\nrate_oracle_source: {name: binance}\n'), { source: 'binance' })
})

t.test('a change sorts the keys and touches nothing else', async (t) => {
  const changed = changedConfClient(original, { source: 'binance', token: { name: 'EUR', symbol: '€' } })
  t.equal(
    changed,
    `####################################
###   client_config_map config   ###
####################################

fetch_pairs_from_all_exchanges: false
global_token:
  global_token_name: EUR
  global_token_symbol: "€"
instance_id: 1234e5678
kill_switch_mode: {}
mqtt_bridge:
  mqtt_autostart: yes
  mqtt_host: localhost
  mqtt_password: 'p: w # secret'
  mqtt_topics:
  - b
  - a

rate_limits_share_pct: 100.0
rate_oracle_source:
  name: binance
tables_format: ~
`,
  )
  t.equal(changedConfClient(changed, { source: 'binance' }), changed, 'the same again changes nothing')
})

t.test('a source keeps its own members, another one does not get them', async (t) => {
  t.match(
    changedConfClient(original, { source: 'coin_cap' }),
    /rate_oracle_source:\n {2}api_key: abc\n {2}name: coin_cap\n/,
  )
  t.notMatch(changedConfClient(original, { source: 'kucoin' }), /api_key/)
})

t.test('no source leaves no trace of one', async (t) => {
  const changed = changedConfClient(original, { source: null })
  t.notMatch(changed, /rate_oracle_source|coin_cap|api_key/)
  t.same(readConfClient(changed), { tokenName: 'USDT', tokenSymbol: '$' })
  t.equal(changedConfClient(changed, { source: null }), changed)
})

t.test('a new file', async (t) => {
  t.equal(
    newConfClient({ source: 'gate_io', token: { name: 'USDT', symbol: '$' } }),
    'global_token:\n  global_token_name: USDT\n  global_token_symbol: $\nrate_oracle_source:\n  name: gate_io\n',
  )
})

t.test('what YAML 1.1 would take for something else is quoted', async (t) => {
  for (const name of ['NO', 'on', 'null', '1e5', '0x1F', '12', '~', '1:30', 'USDT']) {
    const text = newConfClient({ token: { name, symbol: '$' } })
    t.equal(parse(text, { version: '1.1' }).global_token.global_token_name, name)
  }
})

t.test('a file that is no configuration is refused without a word of it', async (t) => {
  for (const text of ['a: [secret\n', 'secret', '- secret\n', 'rate_oracle_source: secret\n', 'a: 1\na: secret\n']) {
    t.throws(() => readConfClient(text), ConfClientUnreadable, text)
    t.throws(() => changedConfClient(text, { source: 'binance' }), ConfClientUnreadable, text)
    try {
      readConfClient(text)
    } catch (error) {
      t.notMatch(String(error), /secret/)
    }
  }
  t.throws(() => readConfClient('rate_oracle_source: {name: [x]}\n'), /rate_oracle_source\.name/)
})

t.test('sorting never loses what an alias stands for', async (t) => {
  const text = 'z: &shared [1, 2]\na: *shared\n'
  try {
    t.same(parse(changedConfClient(text, { source: 'binance' })).a, [1, 2])
  } catch (error) {
    t.ok(error instanceof ConfClientUnreadable, 'refused rather than broken')
  }
})

const plain = fc.oneof(
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
)
const key = fc.stringMatching(/^[a-z_]{1,8}$/)
const settings = fc.dictionary(key, fc.oneof(plain, fc.array(plain), fc.dictionary(key, plain)), { maxKeys: 6 })
const line = fc.string({ maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text))

t.test('any file keeps every other value, and the new ones read back', async () => {
  fc.assert(
    fc.property(settings, line, line, (rest, name, symbol) => {
      const options = { version: '1.1' } as const
      const before = stringify(rest, options)
      const changed = changedConfClient(before, { source: 'mexc', token: { name, symbol } })
      const { rate_oracle_source, global_token, ...kept } = parse(changed, options)
      assert.deepStrictEqual(kept, parse(before, options))
      assert.deepStrictEqual(rate_oracle_source, { name: 'mexc' })
      assert.deepStrictEqual(global_token, { global_token_name: name, global_token_symbol: symbol })
    }),
    { numRuns: 300 },
  )
})
