import { isIP } from 'node:net'

/** Host of a URL as the resolver and `isIP` want it. */
export const hostOf = ({ hostname }: URL): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)

const parsed = (text: string): URL | undefined => {
  try {
    const url = new URL(text)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  } catch {
    return undefined
  }
}

/** Why events cannot be posted there, undefined when they can. A name is looked up when it is connected to. */
export const refusalOfUrl = (text: string, isAllowed: (address: string) => boolean): string | undefined => {
  const url = parsed(text)
  if (url === undefined) return `url '${text}' is not an http:// or https:// URL`
  if (url.username !== '' || url.password !== '') return 'url must not hold a user name or password'
  if (url.hash !== '') return 'url must not have a fragment'
  const host = hostOf(url)
  return isIP(host) !== 0 && !isAllowed(host) ? refusedAddress(host) : undefined
}

/** `name`: the host that resolved to it. */
export const refusedAddress = (address: string, name?: string): string =>
  `${address}${name === undefined ? '' : `, which ${name} resolves to,`} is not a public address: ` +
  'networks of your own are allowed by WEBHOOK_ALLOW_NETWORKS'
