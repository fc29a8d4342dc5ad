import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Exchange } from '../engine/exchange.ts'
import type { ApiKey } from '../engine/keys.ts'
import { missing, Rejection } from '../engine/rejection.ts'
import type { Params } from './route.ts'

export const keyOf = (exchange: Exchange, apiKey: string | undefined): ApiKey => {
  if (apiKey === undefined || apiKey === '') throw new Rejection(-2014, 'API-key format invalid.', 401)
  const key = exchange.state.keys.get(apiKey)
  if (!key) throw new Rejection(-2015, 'Invalid API-key, IP, or permissions for action.', 401)
  return key
}

/**
 * Checks the time window and the HMAC-SHA256 of what was signed. While the exchange's clock is bent, a timestamp of the
 * wall clock is as good as one of the exchange.
 */
export const verifySignature = (exchange: Exchange, { apiSecret }: ApiKey, params: Params, signed: string): void => {
  const timestamp = params.integer('timestamp')
  if (timestamp === undefined) throw missing('timestamp')
  const window = params.integer('recvWindow') ?? 5000
  if (window > 60_000) throw new Rejection(-1131, 'recvWindow must be less than 60000.')
  const signature = params.get('signature')
  if (signature === undefined) throw missing('signature')
  const clocks = [exchange.clock.now(), exchange.clock.wall()]
  if (clocks.every((now) => timestamp >= now + 1000)) {
    throw new Rejection(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
  }
  if (!clocks.some((now) => timestamp < now + 1000 && now - timestamp <= window)) {
    throw new Rejection(-1021, 'Timestamp for this request is outside of the recvWindow.')
  }
  const expected = createHmac('sha256', apiSecret).update(signed).digest()
  const given = Buffer.from(signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Rejection(-1022, 'Signature for this request is not valid.')
  }
}
