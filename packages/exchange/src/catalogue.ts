import { connectors } from './catalogue-data.ts'
import { type OrderType, UnknownConnector } from './venue.ts'

/** One field of a connector's credential file, as the config map shows it. */
export interface CredentialField {
  readonly name: string
  /** The type name the contract shows: `SecretStr`, `str`, `int`, `bool`, `Literal`, … */
  readonly type: string
  readonly required: boolean
  /** Encrypted in the credential file. */
  readonly secret: boolean
  readonly allowedValues?: readonly string[]
  readonly default?: string
}

/** Which texts the venue takes as a client order id. */
export type ClientOrderIdRule = {
  readonly form: 'text' | 'hex' | 'hex128' | 'integer'
  readonly prefix: string
  readonly maxLength: number
  /** Size of an integer id. */
  readonly bits?: number
}

export interface Connector {
  readonly name: string
  /** Set for test networks and other doors of the same exchange. */
  readonly parent?: string
  readonly market: 'spot' | 'perpetual'
  readonly example: string
  readonly ccxt:
    | { readonly kind: 'exchange'; readonly id: string; readonly mode: 'live' | 'sandbox'; readonly streams: boolean }
    | { readonly kind: 'absent'; readonly reason: string }
  /** Why no account can be opened although public data works. */
  readonly noAccounts?: string
  readonly fields: readonly CredentialField[]
  /** Credential field → property of the ccxt exchange, or `options.<name>`. */
  readonly credentials: Readonly<Record<string, string>>
  readonly clientOrderId: ClientOrderIdRule
  /** In the order the contract lists them. */
  readonly orderTypes: readonly OrderType[]
  /** Where the contract's currency codes differ from ccxt's: `[ours, ccxt's]`. */
  readonly pairs?: {
    readonly quotes: readonly (readonly [string, string])[]
    readonly bases: readonly (readonly [string, string])[]
    /** `derive`: perpetuals are written `BASE/USD:USDC` there. */
    readonly form: 'plain' | 'derive'
  }
}

const byName = new Map(connectors.map((connector) => [connector.name, connector]))

/** Every connector, also those that cannot be used, which say why. */
export const catalogue: readonly Connector[] = connectors

/** The catalogue entry of a name. Throws `UnknownConnector`. */
export const connectorOf = (name: string): Connector => {
  const connector = byName.get(name)
  if (connector === undefined) throw new UnknownConnector(`Connector ${name} not found`)
  return connector
}

/**
 * A client order id in the form the venue takes, made from hexadecimal digits of at least 128 bits: the same digits give
 * the same id. Short ids keep the leading digits.
 */
export const clientOrderIdFrom = (rule: ClientOrderIdRule, digits: string): string => {
  if (!/^[0-9a-f]{32,}$/.test(digits))
    throw new TypeError('a client order id is made from 32 or more lower-case hex digits')
  switch (rule.form) {
    case 'text':
    case 'hex':
      return `${rule.prefix}${digits}`.slice(0, rule.maxLength)
    case 'hex128':
      return `${rule.prefix}${digits.slice(0, 32)}`
    case 'integer':
      return BigInt.asUintN(rule.bits ?? 32, BigInt(`0x${digits.slice(0, 16)}`)).toString()
  }
}
