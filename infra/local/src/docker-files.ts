import { type ServiceName, serviceName } from '@colibri/contracts'
import { LaunchError } from './launch-error.ts'
import { natsConfig } from './nats-config.ts'
import { natsUsers } from './nats-users.ts'
import type { Secrets } from './secrets.ts'

/** What the operator may set; whatever is absent was generated. */
export interface DockerLogin {
  username: string
  password: string
}

export interface DockerFile {
  /** Below the folder that holds one volume per container. */
  path: string
  text: string
  /** The database's server reads its file as a user of its own image, from a volume nobody else mounts. */
  mode: 0o600 | 0o444
}

/** Ports inside the network of the containers; docker-compose.yml names the same. */
const PORTS = { nats: 4222, mqtt: 1883, natsMonitor: 8222, service: 8080, edge: 8000, simulator: 9000 }

/** The login of the edge, which is published: refuses the default password, as the edge itself does. */
export const dockerLogin = (given: Partial<DockerLogin>, generated: string): DockerLogin => {
  if (given.password === 'admin')
    throw new LaunchError('PASSWORD is the default one, which the edge refuses in a container; choose another or none.')
  // Desktops export USERNAME on their own: it counts only beside a password.
  if (!given.password) return { username: 'admin', password: generated }
  return { username: given.username || 'admin', password: given.password }
}

/** Every container's own file of settings and secrets: each with the secrets it needs and no other. */
export const dockerFiles = (
  secrets: Secrets,
  more: { login: DockerLogin; databasePassword: string; configPassword: string },
): DockerFile[] => {
  const simulatorKeys = {
    SIMULATOR_API_KEY: secrets.simulator.apiKey,
    SIMULATOR_API_SECRET: secrets.simulator.apiSecret,
  }
  const simulatorUrls = {
    SIMULATOR_REST_URL: `http://simulator:${PORTS.simulator}`,
    SIMULATOR_WS_URL: `ws://simulator:${PORTS.simulator}`,
  }
  const extra: Partial<Record<ServiceName, Record<string, string>>> = {
    'market-data': { ...simulatorUrls, ...simulatorKeys },
    trading: { ...simulatorUrls, ...simulatorKeys, CONFIG_PASSWORD: more.configPassword },
  }
  const nats = (user: string) => ({
    NATS_URL: `nats://nats:${PORTS.nats}`,
    NATS_USER: user,
    NATS_PASSWORD: secrets.nats[user] ?? '',
    EDGE_TOKEN: secrets.edgeToken,
  })
  const services = serviceName.options.map((service) =>
    envFile(service, {
      ...nats(service),
      DATABASE_URL: `postgresql://colibri:${encodeURIComponent(more.databasePassword)}@postgres:5432/colibri`,
      HTTP_HOST: '0.0.0.0',
      HTTP_PORT: String(PORTS.service),
      COLIBRI_HOME: '/data',
      ...extra[service],
    }),
  )
  return [
    ...services,
    envFile('gateway', {
      ...nats('gateway'),
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: String(PORTS.edge),
      API_USERNAME: more.login.username,
      API_PASSWORD: more.login.password,
      REQUIRED_SERVICES: serviceName.options.join(','),
    }),
    envFile('simulator', {
      ...simulatorKeys,
      SIMULATOR_HOST: '0.0.0.0',
      SIMULATOR_PORT: String(PORTS.simulator),
      SIMULATOR_STATE_DIR: '/data',
    }),
    { path: 'postgres/password', text: more.databasePassword, mode: 0o444 },
    {
      path: 'nats/nats.conf',
      text: natsConfig({
        name: 'colibri',
        host: '0.0.0.0',
        port: PORTS.nats,
        mqttPort: PORTS.mqtt,
        monitorPort: PORTS.natsMonitor,
        storeDir: '/data/jetstream',
        users: natsUsers(secrets.nats),
      }),
      mode: 0o600,
    },
  ]
}

const envFile = (container: string, values: Record<string, string>): DockerFile => ({
  path: `${container}/env`,
  text: Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(name, value)}\n`)
    .join(''),
  mode: 0o600,
})

/** A file of settings knows no escapes, so the value gets quotes it does not hold itself. */
const quoted = (name: string, value: string): string => {
  const quote = ["'", '`'].find((candidate) => !value.includes(candidate))
  if (quote !== undefined && !/[\r\n]/.test(value)) return `${quote}${value}${quote}`
  throw new LaunchError(`${name} holds a line break, or both ' and \`; choose another.`)
}
