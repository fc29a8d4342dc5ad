import t from 'tap'
import { z } from 'zod'
import { ConfigError, readConfig, serviceConfig } from './config.ts'

const good = {
  DATABASE_URL: 'postgres://u:p@127.0.0.1/db',
  NATS_URL: 'nats://127.0.0.1:4222',
  EDGE_TOKEN: 'edge-secret',
  COLIBRI_HOME: '/home/c',
}

t.test('defaults and numbers', async (t) => {
  const config = readConfig(serviceConfig({ SPEED: z.coerce.number() }), { ...good, SPEED: '2.5', LOG_LEVEL: '' })
  t.match(config, { HTTP_HOST: '127.0.0.1', HTTP_PORT: 0, SPEED: 2.5, LOG_LEVEL: 'info', EVENT_LOG: 'postgres' })
  t.match(config.INSTANCE_ID, /^[\w-]{36}$/)
})

t.test('every wrong variable is named, no value is shown', async (t) => {
  const env = {
    ...good,
    DATABASE_URL: 'mysql://root:hunter2@x',
    HTTP_PORT: 'eighty',
    EDGE_TOKEN: '',
    EVENT_LOG: 'sqlite',
  }
  const schema = serviceConfig({ CONFIG_PASSWORD: z.string('must be the password of the credentials') })
  try {
    readConfig(schema, env)
    t.fail('a wrong configuration was accepted')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    t.same(error.problems, [
      'DATABASE_URL must be a postgres:// or postgresql:// URL',
      'HTTP_PORT must be a port number',
      'EDGE_TOKEN is not set: it must be the secret shared with the edge',
      'EVENT_LOG Invalid option: expected one of "postgres"|"kurrentdb"',
      'CONFIG_PASSWORD is not set: it must be the password of the credentials',
    ])
    t.notMatch(error.message, /hunter2|eighty|sqlite/)
  }
  t.throws(
    () => readConfig(serviceConfig(), { ...good, EVENT_LOG: 'kurrentdb' }),
    new ConfigError(['KURRENTDB_URL is not set: it must be a kurrentdb:// URL when EVENT_LOG is kurrentdb']),
  )
})
