import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { choosePorts } from '@colibri/local'
import { type Colibri, startColibri } from '../colibri.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export const servers = ['nats', 'postgres', 'simulator'] as const
export type Server = (typeof servers)[number]

export interface DetouredColibri extends Colibri {
  /** What stands between trading and each server. */
  readonly proxies: Readonly<Record<Server, TcpProxy>>
}

/** The whole system, with a proxy between trading and everything it stands on. */
export const startDetouredColibri = async (): Promise<DetouredColibri> => {
  const home = await mkdtemp(join(tmpdir(), 'colibri-'))
  // The proxies listen first: no port of theirs is chosen then.
  let ports: Readonly<Record<Server, number>> | undefined
  const to = (server: Server) => startTcpProxy(() => ports?.[server] ?? 0)
  const proxies = { nats: await to('nats'), postgres: await to('postgres'), simulator: await to('simulator') }
  ports = await choosePorts(home)
  const closeAll = (): Promise<unknown> => Promise.all(servers.map((server) => proxies[server].close()))
  try {
    const detours = servers.map((server) => `trading:${server}=${proxies[server].port}`).join(',')
    const colibri = await startColibri({ home, env: { COLIBRI_DETOURS: detours } })
    const { urls } = await colibri.run()
    for (const server of servers) {
      if (new URL(urls[server] ?? '').port === String(ports[server])) continue
      await colibri.stop()
      throw new Error(`${server} does not listen where its proxy expects it`)
    }
    return {
      ...colibri,
      proxies,
      stop: async () => {
        const code = await colibri.stop()
        await closeAll()
        return code
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
