import { z } from 'zod'
import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import type { CcxtSession } from './ccxt-session.ts'
import { type KeyPermissions, type Permission, unknownPermissions } from './venue.ts'

type Told = Pick<KeyPermissions, 'trade' | 'withdraw' | 'ipRestricted'>

interface Source {
  /** ccxt's own name of the venue's private endpoint. */
  readonly method: string
  /** Throws for a reply of another shape: what is not understood is not known. */
  told(reply: unknown): Told
}

const said = (flag: boolean): Permission => (flag ? 'yes' : 'no')

const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim().toLowerCase())

const binanceReply = z.object({
  ipRestrict: z.boolean(),
  enableWithdrawals: z.boolean(),
  enableSpotAndMarginTrading: z.boolean(),
  enableFutures: z.boolean(),
})

/** Of Binance one permission is for spot and another for futures. */
const binance = (trades: (reply: z.infer<typeof binanceReply>) => boolean): Source => ({
  method: 'sapiGetAccountApiRestrictions',
  told: (given) => {
    const reply = binanceReply.parse(given)
    return {
      trade: said(trades(reply)),
      withdraw: said(reply.enableWithdrawals),
      ipRestricted: said(reply.ipRestrict),
    }
  },
})

const okx: Source = {
  method: 'privateGetAccountConfig',
  told: (given) => {
    const [{ perm, ip }] = z
      .object({ data: z.tuple([z.object({ perm: z.string(), ip: z.string() })]).rest(z.unknown()) })
      .parse(given).data
    const granted = words(perm)
    return {
      trade: said(granted.includes('trade')),
      withdraw: said(granted.includes('withdraw')),
      ipRestricted: said(ip !== ''),
    }
  },
}

const bybit: Source = {
  method: 'privateGetV5UserQueryApi',
  told: (given) => {
    const { readOnly, permissions, ips } = z
      .object({
        result: z.object({
          readOnly: z.coerce.number(),
          permissions: z.looseObject({
            Wallet: z.array(z.string()),
            Spot: z.array(z.string()),
            ContractTrade: z.array(z.string()),
          }),
          ips: z.array(z.string()).nullish(),
        }),
      })
      .parse(given).result
    const { Wallet, Spot, ContractTrade } = permissions
    return {
      trade: said(readOnly === 0 && Spot.length + ContractTrade.length > 0),
      withdraw: said(Wallet.includes('Withdraw')),
      ipRestricted: said((ips ?? []).some((ip) => ip !== '*')),
    }
  },
}

const kucoin: Source = {
  method: 'privateGetUserApiKey',
  told: (given) => {
    const { permission, ipWhitelist } = z
      .object({ data: z.object({ permission: z.string(), ipWhitelist: z.string().nullish() }) })
      .parse(given).data
    const granted = words(permission)
    return {
      trade: said(['trade', 'spot', 'margin', 'futures'].some((word) => granted.includes(word))),
      // Transfer includes withdrawing.
      withdraw: said(granted.some((word) => word === 'transfer' || word.startsWith('withdraw'))),
      ipRestricted: said((ipWhitelist ?? '') !== ''),
    }
  },
}

const coinbase: Source = {
  method: 'v3PrivateGetBrokerageKeyPermissions',
  told: (given) => {
    const reply = z.object({ can_trade: z.boolean(), can_transfer: z.boolean() }).parse(given)
    return { trade: said(reply.can_trade), withdraw: said(reply.can_transfer), ipRestricted: 'unknown' }
  },
}

/** Which exchanges tell what a key may do, by ccxt id. */
const sources: Readonly<Record<string, Source>> = {
  binance: binance((reply) => reply.enableSpotAndMarginTrading),
  binanceusdm: binance((reply) => reply.enableFutures),
  okx,
  myokx: okx,
  okxus: okx,
  bybit,
  kucoin,
  coinbase,
}

const reader = z.custom<() => Promise<unknown>>((value) => typeof value === 'function')

/** The permissions in a venue's reply, by ccxt id. Throws where the exchange tells none, or in another shape. */
export const permissionsIn = (ccxtId: string, reply: unknown): KeyPermissions => {
  const source = Object.hasOwn(sources, ccxtId) ? sources[ccxtId] : undefined
  if (source === undefined) throw new TypeError(`${ccxtId} does not tell`)
  return { ...source.told(reply), reason: null }
}

const ask = async (exchange: CcxtExchange, method: string): Promise<unknown> => {
  const call: unknown = Reflect.get(exchange, method)
  return reader.parse(call).call(exchange)
}

/** What the session's key may do. Never rejects: what a venue does not tell is unknown, and the reason says why. */
export const keyPermissions = async (connector: Connector, session: CcxtSession): Promise<KeyPermissions> => {
  const id = connector.ccxt.kind === 'exchange' ? connector.ccxt.id : ''
  const source = Object.hasOwn(sources, id) ? sources[id] : undefined
  if (source === undefined) return unknownPermissions(`${connector.name} does not tell what a key may do`)
  try {
    const reply = await session.read(({ exchange }) => ask(exchange, source.method))
    return permissionsIn(id, reply)
  } catch (error) {
    if (error instanceof z.ZodError)
      return unknownPermissions(`${connector.name} answered in a way that is not understood`)
    return unknownPermissions(error instanceof Error ? error.message : String(error))
  }
}
