import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openVenues } from './open-venues.ts'
import { parseVenueUrls, readVenuesFile } from './venues-file.ts'

t.test('a venues file', async (t) => {
  const path = join(
    t.testdir({
      'venues.yml': 'binance:\n  rest: http://127.0.0.1:1/x\n  ws: wss://example.com\nokx: {rest: "https://x.com"}\n',
    }),
    'venues.yml',
  )
  t.same(readVenuesFile(path), {
    binance: { rest: 'http://127.0.0.1:1/x', ws: 'wss://example.com' },
    okx: { rest: 'https://x.com' },
  })
  t.same(readVenuesFile(`${path}.absent`), {}, 'need not exist')
  writeFileSync(path, '# nothing yet\n')
  t.same(readVenuesFile(path), {}, 'may be empty')
})

t.test('says which key is wrong', async (t) => {
  for (const [value, message] of [
    [{ binance: { rest: 'ftp://x' } }, /venues\.yml: binance\.rest: must be a URL starting with http:/],
    [{ binance: { ws: 'http://x' } }, /binance\.ws: must be a URL starting with ws:/],
    [{ binance: { url: 'http://x' } }, /binance: .*url/],
    [{ binance: 'http://x' }, /binance: /],
    [{ binanse: { rest: 'http://x' } }, /binanse: no such connector/],
    ['text', /venues\.yml: /],
  ] as const) {
    t.throws(() => parseVenueUrls(value, 'venues.yml'), { name: 'VenuesFileInvalid', message })
  }
  const folder = t.testdir({ 'venues.yml': 'binance: {rest: [}\n' })
  t.throws(() => openVenues({ venuesFile: join(folder, 'venues.yml') }), { name: 'VenuesFileInvalid' })
  mkdirSync(join(folder, 'folder'))
  t.throws(() => readVenuesFile(join(folder, 'folder')), { name: 'VenuesFileInvalid' })
})

t.test('which connectors can be opened', async (t) => {
  const venues = openVenues()
  t.ok(venues.connectorNames().includes('simulator'))
  t.throws(() => venues.publicVenue('foo'), { name: 'UnknownConnector', message: 'Connector foo not found' })
  t.throws(() => venues.publicVenue('xrpl'), {
    name: 'UnknownConnector',
    message: /xrpl cannot be used: ccxt has no such/,
  })
  t.throws(() => venues.accountVenue('lighter', {}), {
    name: 'UnknownConnector',
    message: /lighter has no accounts here/,
  })
  await t.rejects(
    venues.publicVenue('simulator').tradingRules(),
    { name: 'UnknownConnector' },
    'never the real exchange',
  )
  t.equal(venues.publicVenue('simulator'), venues.publicVenue('simulator'), 'a public venue is shared')
  await venues.close()
})
