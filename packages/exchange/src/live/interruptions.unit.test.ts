import t from 'tap'
import { UnknownConnector, UnknownPair, VenueRefused, VenueUnavailable } from '../venue.ts'
import { backoff } from './backoff.ts'
import { BookOutrun, ChecksumMismatch, SequenceGap, streamFailure, UnreadableFrame } from './interruptions.ts'

/** An error of ccxt is known by the names of its class and its parents. */
const ccxtError = (message: string, ...names: readonly string[]): Error => {
  let Class: new (message: string) => Error = Error
  for (const name of names.toReversed()) {
    const Parent = Class
    Class = { [name]: class extends Parent {} }[name] ?? Parent
  }
  return new Class(message)
}

t.test('every failure of a stream has one meaning', async (t) => {
  const interrupted = (reason: string, connection: string) => ({ kind: 'interrupted', reason, connection })
  const cases: readonly (readonly [string, unknown, object])[] = [
    ['kraken', new ChecksumMismatch('1 is not 2'), interrupted('checksum', 'stands')],
    ['kucoin', new SequenceGap('9 follows 5'), interrupted('sequence-gap', 'stands')],
    ['binance', new BookOutrun('too far'), interrupted('sequence-gap', 'stands')],
    ['binance', ccxtError('gap', 'ChecksumError', 'InvalidNonce'), interrupted('sequence-gap', 'stands')],
    ['gate', ccxtError('gap', 'ChecksumError', 'InvalidNonce'), interrupted('sequence-gap', 'stands')],
    ['bitget', ccxtError('crc', 'ChecksumError', 'InvalidNonce'), interrupted('checksum', 'stands')],
    ['okx', ccxtError('nonce', 'InvalidNonce', 'ExchangeError'), interrupted('sequence-gap', 'stands')],
    ['kucoin', ccxtError('nonce is behind the cache', 'ExchangeError'), interrupted('sequence-gap', 'stands')],
    ['okx', ccxtError('closed', 'NetworkError', 'BaseError'), interrupted('disconnected', 'lost')],
    ['okx', ccxtError('timeout', 'RequestTimeout', 'NetworkError'), interrupted('disconnected', 'lost')],
    ['okx', new UnreadableFrame('no JSON'), interrupted('disconnected', 'lost')],
    ['okx', new VenueUnavailable('later'), interrupted('disconnected', 'lost')],
    ['okx', 'anything else', interrupted('disconnected', 'stands')],
    ['okx', ccxtError('no stream', 'NotSupported', 'ExchangeError'), { kind: 'unsupported' }],
    ['okx', ccxtError('no market', 'BadSymbol', 'BadRequest'), { kind: 'fatal', error: { name: 'UnknownPair' } }],
    ['okx', ccxtError('no', 'PermissionDenied'), { kind: 'fatal', error: { name: 'VenueRefused' } }],
    ['okx', new UnknownPair('x'), { kind: 'fatal', error: { name: 'UnknownPair' } }],
    ['okx', new VenueRefused('x'), { kind: 'fatal', error: { name: 'VenueRefused' } }],
    ['okx', new UnknownConnector('x'), { kind: 'fatal', error: { name: 'UnknownConnector' } }],
  ]
  for (const [id, error, expected] of cases) t.match(streamFailure(id, 'venue', error), expected, String(error))
})

t.test('all who fail during a wait wait for its one end', async (t) => {
  const waits = backoff()
  const { signal } = new AbortController()
  const order: string[] = []
  const first = waits.failed(signal).then(() => order.push('first'))
  const second = waits.failed(signal).then(() => order.push('second'))
  await Promise.all([first, second])
  const stop = new AbortController()
  const third = waits.failed(stop.signal).then(() => order.push('third'))
  stop.abort()
  await third
  t.same([...order.slice(0, 2)].sort(), ['first', 'second'])
  t.equal(order[2], 'third')
})
