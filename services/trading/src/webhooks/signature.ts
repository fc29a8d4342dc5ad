import { createHmac, randomBytes } from 'node:crypto'

/** Signed as https://www.standardwebhooks.com says, so that its libraries verify what Colibri sends. */

const PREFIX = 'whsec_'
const SHORTEST = 24
const LONGEST = 64

export const newSecret = (): string => `${PREFIX}${randomBytes(32).toString('base64')}`

/** `whsec_` and the base64 of 24 to 64 bytes. */
export const isSecret = (value: unknown): value is string => {
  if (typeof value !== 'string' || !value.startsWith(PREFIX)) return false
  const text = value.slice(PREFIX.length)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return false
  const { length } = Buffer.from(text, 'base64')
  return length >= SHORTEST && length <= LONGEST
}

/** The `webhook-signature` header: HMAC-SHA256 over `<id>.<seconds>.<body>`. */
export const signatureOf = (secret: string, id: string, seconds: number, body: string): string => {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
}
