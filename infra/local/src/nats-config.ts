/** A NATS user as data. Without permissions it may do everything. */
export interface NatsUser {
  user: string
  password: string
  permissions?: NatsPermissions
}

export interface NatsPermissions {
  publish: readonly string[]
  subscribe: readonly string[]
  /** Lets a responder answer on the inbox of whoever asked, and on nothing else. */
  replies?: 'to-requests'
}

export interface NatsServerSettings {
  name: string
  /** Address of both listeners; loopback when absent. */
  host?: string
  port: number
  mqttPort: number
  /** Serves /healthz on loopback, for whoever supervises the server. None when absent. */
  monitorPort?: number
  storeDir: string
  users: readonly NatsUser[]
}

/** The text of the server's configuration file (JSON is valid there). It holds passwords: keep it at mode 0600. */
export const natsConfig = ({ host = '127.0.0.1', ...settings }: NatsServerSettings): string =>
  JSON.stringify(
    {
      server_name: settings.name,
      listen: `${host}:${settings.port}`,
      ...(settings.monitorPort === undefined ? {} : { http: `127.0.0.1:${settings.monitorPort}` }),
      // Every acknowledged message is on disk: a copy that lags after a power cut would have to be refilled.
      jetstream: { store_dir: settings.storeDir, sync_interval: 'always' },
      mqtt: { listen: `${host}:${settings.mqttPort}` },
      authorization: { users: settings.users.map(user) },
      max_payload: 8_388_608,
    },
    null,
    2,
  )

const user = ({ user, password, permissions }: NatsUser) => ({
  user,
  password,
  ...(permissions === undefined
    ? {}
    : {
        permissions: {
          publish: { allow: permissions.publish },
          subscribe: { allow: permissions.subscribe },
          ...(permissions.replies === undefined ? {} : { allow_responses: true }),
        },
      }),
})
