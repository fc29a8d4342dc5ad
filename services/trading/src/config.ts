import { serviceConfig } from '@colibri/service-kit'
import { outgoingAddress } from '@colibri/venue-budget'
import { z } from 'zod'
import { networkOf } from './webhooks/addresses.ts'

const url = (pattern: RegExp, message: string) => z.string().regex(pattern, message).optional()

/** The places at which a crash test may end the process, in the order an order passes them. */
export const failpoints = [
  'order-checked',
  'order-stored',
  'order-sent',
  'outcome-stored',
  'fill-stored',
  'rows-written',
  'copy-published',
] as const
/** Those an order does not pass: a drift is stored, and not yet mended. */
const otherFailpoints = ['drift-stored'] as const
export type TradingFailpoint = (typeof failpoints)[number] | (typeof otherFailpoints)[number]

const milliseconds = (lowest: number) =>
  z.coerce
    .number('must be a number of milliseconds')
    .int('must be a whole number of milliseconds')
    .min(lowest, lowest === 0 ? 'must not be negative' : `must be at least ${lowest}`)

/** What trading reads from its environment besides what every service reads. */
export const tradingConfig = serviceConfig({
  /** Encrypts every stored credential; one password for all accounts and bots. */
  CONFIG_PASSWORD: z.string().min(1, 'must be the password of the stored credentials').default('a'),
  OUTGOING_ADDRESS: outgoingAddress,
  SIMULATOR_REST_URL: url(/^https?:\/\//, 'must be an http:// or https:// URL'),
  SIMULATOR_WS_URL: url(/^wss?:\/\//, 'must be a ws:// or wss:// URL'),
  SIMULATOR_API_KEY: z.string().optional(),
  SIMULATOR_API_SECRET: z.string().optional(),
  /** How long a venue may deny an order whose outcome is unknown before it is believed. Longer than its requests stay valid. */
  ORDER_ABSENT_GRACE_MS: z.coerce
    .number('must be a number of milliseconds')
    .int('must be a whole number of milliseconds')
    .min(0, 'must not be negative')
    .default(15_000),
  /** How long a cancelled order waits for fills its venue counts but does not list yet. */
  ORDER_MISSING_FILLS_MS: z.coerce
    .number('must be a number of milliseconds')
    .int('must be a whole number of milliseconds')
    .min(0, 'must not be negative')
    .default(60_000),
  /** How often equity is compared with the guards' limits on losses. */
  EQUITY_LOOK_MS: z.coerce
    .number('must be a number of milliseconds')
    .int('must be a whole number of milliseconds')
    .min(100, 'must be at least 100')
    .default(5_000),
  /** How often every account is compared with its venue as a whole. */
  RECONCILE_EVERY_MS: milliseconds(100).default(60_000),
  /** What a stream may be late by: a difference must last longer to be a drift. */
  RECONCILE_GUARD_MS: milliseconds(0).default(3_000),
  /** How long this process may act for an account without renewing its lease; another one waits so long for a frozen one. */
  ACCOUNT_LEASE_MS: z.coerce
    .number('must be a number of milliseconds')
    .int('must be a whole number of milliseconds')
    .min(1_000, 'must be at least 1000')
    .max(60_000, 'must be at most 60000')
    .default(6_000),
  /** Networks outside the public internet that webhooks may post to, in CIDR notation, separated by commas. */
  WEBHOOK_ALLOW_NETWORKS: z
    .string()
    .default('')
    .transform((text, context) => {
      const networks = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [networkOf(part.trim())]))
      if (networks.includes(undefined)) {
        context.addIssue({
          code: 'custom',
          message: 'must be networks such as 10.0.0.0/8 or ::1/128, separated by commas',
        })
      }
      return networks.filter((network) => network !== undefined)
    }),
  /** How long a receiver may take to answer. */
  WEBHOOK_TIMEOUT_SECONDS: z.coerce
    .number('must be a number of seconds')
    .positive('must be more than 0')
    .max(60, 'must be at most 60')
    .default(10),
  /** A receiver that has taken nothing for so long is given up until its webhook is resumed. */
  WEBHOOK_PAUSE_AFTER_SECONDS: z.coerce
    .number('must be a number of seconds')
    .min(0, 'must not be negative')
    .default(86_400),
  COLIBRI_FAILPOINT: z.enum([...failpoints, ...otherFailpoints], `must be one of ${failpoints.join(', ')}`).optional(),
})
export type TradingConfig = z.infer<typeof tradingConfig>
