import { BlockList, isIP } from 'node:net'

/**
 * Networks that are not the public internet: the machine itself, private and link-local ones (where clouds keep their
 * metadata), carriers', documentation's, multicast, reserved. IANA's special-purpose registries, and Azure's own address.
 */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
/** Global unicast; within it, what tunnels into IPv4 or is nobody's. Everything else of IPv6 is refused. */
const PUBLIC_V6 = '2000::/3'
const REFUSED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

export type Network = `${string}/${number}`

/** Undefined for what is no network in CIDR notation. */
export const networkOf = (text: string): Network | undefined => {
  const [address = '', prefix = '', more] = text.split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const fits = version !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most && more === undefined
  return fits ? `${address}/${Number(prefix)}` : undefined
}

const listOf = (networks: readonly string[]): BlockList => {
  const blocks = new BlockList()
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    blocks.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return blocks
}

/** An IPv4 address in IPv6's clothes is what it is underneath. */
const plain = (address: string): string => {
  if (isIP(address) !== 6) return address
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const dotted = MAPPED.exec(canonical)?.[1]
  if (dotted !== undefined) return dotted
  const words = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(canonical)
  if (words === null) return canonical
  const [high, low] = [Number.parseInt(words[1] ?? '', 16), Number.parseInt(words[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Whether events may be posted to an IP address: public ones, and those of the networks that are allowed besides. */
export const addressRule = (allowed: readonly Network[]): ((address: string) => boolean) => {
  const refusedV4 = listOf(REFUSED_V4)
  const refusedV6 = listOf(REFUSED_V6)
  const publicV6 = listOf([PUBLIC_V6])
  const besides = listOf(allowed)
  return (text) => {
    const address = plain(text)
    const version = isIP(address)
    if (version === 0) return false
    if (besides.check(address, version === 6 ? 'ipv6' : 'ipv4')) return true
    if (version === 4) return !refusedV4.check(address, 'ipv4')
    return publicV6.check(address, 'ipv6') && !refusedV6.check(address, 'ipv6')
  }
}
