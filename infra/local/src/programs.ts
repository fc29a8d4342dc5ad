import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ServiceName, serviceName } from '@colibri/contracts'
import { detoured } from './detours.ts'
import { heapEnvironment } from './heap-options.ts'
import type { LaunchConfig } from './launch-config.ts'
import type { Secrets } from './secrets.ts'

/** A Node program of this repository, as a process. */
export interface Program {
  /** `trading`, or `market-data-2` where there are several. */
  name: string
  service: ServiceName | 'gateway' | 'simulator'
  entry: string
  env: Record<string, string>
}

export interface Addresses {
  natsUrl: string
  databaseUrl: string
  simulatorPort: number
}

export const simulatorUrls = (port: number): { rest: string; ws: string } => ({
  rest: `http://127.0.0.1:${port}`,
  ws: `ws://127.0.0.1:${port}`,
})

/** The compiled entry of a service, or null where this build does not have the service. */
export const serviceEntry = (root: string, service: ServiceName): string | null => {
  const entry = join(root, 'services', service, 'dist', 'main.js')
  return existsSync(entry) ? entry : null
}

/** The simulator, one program per replica of every service, and the edge: each with the secrets it needs and no other. */
export const programs = (root: string, config: LaunchConfig, secrets: Secrets, at: Addresses): Program[] => {
  const base: Record<string, string> = {
    ...config.inherited,
    NODE_ENV: 'production',
    ...heapEnvironment,
    COLIBRI_HOME: config.home,
    PARENT_PID: String(process.pid),
  }
  const nats = (user: string): Record<string, string> => ({
    NATS_URL: at.natsUrl,
    NATS_USER: user,
    NATS_PASSWORD: secrets.nats[user] ?? '',
  })
  const { detours } = config
  const exchange = (service: ServiceName): Record<string, string> => {
    const { rest, ws } = simulatorUrls(at.simulatorPort)
    return {
      SIMULATOR_REST_URL: detoured(detours, service, 'simulator', rest),
      SIMULATOR_WS_URL: detoured(detours, service, 'simulator', ws),
    }
  }
  const simulatorKeys = {
    SIMULATOR_API_KEY: secrets.simulator.apiKey,
    SIMULATOR_API_SECRET: secrets.simulator.apiSecret,
  }
  const extra: Partial<Record<ServiceName, Record<string, string>>> = {
    'market-data': exchange('market-data'),
    trading: {
      ...exchange('trading'),
      ...simulatorKeys,
      CONFIG_PASSWORD: config.configPassword ?? secrets.configPassword,
    },
  }
  const present = serviceName.options.flatMap((service) => {
    const entry = serviceEntry(root, service)
    return entry === null ? [] : [{ service, entry }]
  })
  const services = present.flatMap(({ service, entry }) =>
    Array.from(
      { length: config.replicas[service] },
      (_, n): Program => ({
        name: config.replicas[service] === 1 ? service : `${service}-${n + 1}`,
        service,
        entry,
        env: {
          ...base,
          ...nats(service),
          NATS_URL: detoured(detours, service, 'nats', at.natsUrl),
          DATABASE_URL: detoured(detours, service, 'postgres', at.databaseUrl),
          EDGE_TOKEN: secrets.edgeToken,
          HTTP_HOST: '127.0.0.1',
          HTTP_PORT: '0',
          ...extra[service],
        },
      }),
    ),
  )
  return [
    {
      name: 'simulator',
      service: 'simulator',
      entry: join(root, 'infra', 'exchange-simulator', 'dist', 'main.js'),
      env: {
        ...base,
        ...simulatorKeys,
        SIMULATOR_HOST: '127.0.0.1',
        SIMULATOR_PORT: String(at.simulatorPort),
        SIMULATOR_STATE_DIR: join(config.home, 'simulator'),
      },
    },
    ...services,
    {
      name: 'gateway',
      service: 'gateway',
      entry: join(root, 'gateway', 'dist', 'main.js'),
      env: {
        ...base,
        ...nats('gateway'),
        EDGE_TOKEN: secrets.edgeToken,
        GATEWAY_HOST: config.edgeHost,
        GATEWAY_PORT: String(config.edgePort),
        API_USERNAME: config.username,
        API_PASSWORD: config.password,
        REQUIRED_SERVICES: present.map(({ service }) => service).join(','),
      },
    },
  ]
}
