import { hash, timingSafeEqual } from 'node:crypto'

export type Verdict =
  | { readonly kind: 'accepted'; readonly user: string }
  /** Nothing was guessed: no credentials, or none that can be read. */
  | { readonly kind: 'missing' | 'unreadable' }
  | { readonly kind: 'wrong' }

export interface Credentials {
  /** `scheme` says how the word `Basic` must be spelled. */
  checkHeader(header: string | undefined, scheme: 'any-case' | 'exact'): Verdict
  /** Base64 of `user:password`. */
  checkToken(token: string): Verdict
  check(user: string, password: string): Verdict
}

const missing: Verdict = { kind: 'missing' }
const unreadable: Verdict = { kind: 'unreadable' }
const nonAscii = /\P{ASCII}/u

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Lenient as the contract is: foreign characters are skipped, but the padding has to be right. */
const decodeBase64 = (text: string): string | undefined => {
  const clean = text.replace(/[^A-Za-z0-9+/=]/g, '')
  const pad = clean.indexOf('=')
  const data = pad < 0 ? clean : clean.slice(0, pad)
  const padding = pad < 0 ? 0 : clean.length - pad
  const rest = data.length % 4
  if (rest === 1 || (rest !== 0 && padding < 4 - rest)) return undefined
  return Buffer.from(data, 'base64').toString('latin1')
}

/** Compares in constant time: both digests are always compared, whatever the first says. */
export const createCredentials = (username: string, password: string): Credentials => {
  const expectedUser = digest(username)
  const expectedPassword = digest(password)

  const check = (user: string, secret: string): Verdict => {
    const userMatches = timingSafeEqual(digest(user), expectedUser)
    const passwordMatches = timingSafeEqual(digest(secret), expectedPassword)
    return userMatches && passwordMatches ? { kind: 'accepted', user } : { kind: 'wrong' }
  }

  const checkToken = (token: string): Verdict => {
    const decoded = decodeBase64(token)
    if (decoded === undefined || nonAscii.test(decoded)) return unreadable
    const colon = decoded.indexOf(':')
    return colon < 0 ? unreadable : check(decoded.slice(0, colon), decoded.slice(colon + 1))
  }

  const checkHeader: Credentials['checkHeader'] = (header, scheme) => {
    if (header === undefined) return missing
    const space = header.indexOf(' ')
    const word = space < 0 ? header : header.slice(0, space)
    if (scheme === 'exact' ? word !== 'Basic' : word.toLowerCase() !== 'basic') return missing
    return checkToken(space < 0 ? '' : header.slice(space + 1))
  }

  return { checkHeader, checkToken, check }
}

/** The three texts of a 401. */
export const refusalText = (verdict: Exclude<Verdict, { kind: 'accepted' }>): string => {
  switch (verdict.kind) {
    case 'missing':
      return 'Not authenticated'
    case 'unreadable':
      return 'Invalid authentication credentials'
    case 'wrong':
      return 'Incorrect username or password'
  }
}
