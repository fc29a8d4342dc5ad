import { type ServiceName, serviceName } from '@colibri/contracts'
import { LaunchError } from './launch-error.ts'

export const servers = ['nats', 'postgres', 'simulator'] as const
export type Server = (typeof servers)[number]

/** A loopback port that a service is told instead of a server's own. */
export interface Detour {
  readonly service: ServiceName
  readonly server: Server
  readonly port: number
}

/** `<service>:<server>=<port>`, several separated by commas. Throws a LaunchError that names the wrong one. */
export const readDetours = (text: string): readonly Detour[] =>
  text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, service, server, port] = /^([a-z-]+):([a-z]+)=(\d+)$/.exec(part) ?? []
      const name = serviceName.safeParse(service)
      const known = servers.find((one) => one === server)
      if (!name.success || known === undefined || !(Number(port) >= 1 && Number(port) <= 65_535)) {
        throw new LaunchError(
          `COLIBRI_DETOURS: ${part} is wrong: give <service>:<${servers.join(' or ')}>=<port>, where the service is one of ${serviceName.options.join(', ')}.`,
        )
      }
      return { service: name.data, server: known, port: Number(port) }
    })

/** The address with the detour's port, where there is one. */
export const detoured = (detours: readonly Detour[], service: ServiceName, server: Server, url: string): string => {
  const detour = detours.find((one) => one.service === service && one.server === server)
  if (detour === undefined) return url
  const changed = new URL(url)
  changed.port = String(detour.port)
  return changed.href.replace(/\/$/, '')
}
