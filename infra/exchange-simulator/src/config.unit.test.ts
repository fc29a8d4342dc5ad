import t from 'tap'
import { ConfigError, readConfig } from './config.ts'

t.test('an empty environment gives the defaults; an empty variable counts as absent', async (t) => {
  const defaults = { port: 0, host: '127.0.0.1', seed: 1, speed: 1 }
  t.same(readConfig({}), defaults)
  t.same(readConfig({ SIMULATOR_PORT: '', SIMULATOR_STATE_DIR: '', SIMULATOR_HOST: '' }), defaults)
})

t.test('every variable is read', async (t) => {
  t.same(
    readConfig({
      SIMULATOR_PORT: '9000',
      SIMULATOR_HOST: '0.0.0.0',
      SIMULATOR_STATE_DIR: 'state',
      SIMULATOR_API_KEY: 'key',
      SIMULATOR_API_SECRET: 'secret',
      SIMULATOR_SEED: '7',
      SIMULATOR_SPEED: '0.5',
      SIMULATOR_CONTROL_TOKEN: 'token',
    }),
    {
      port: 9000,
      host: '0.0.0.0',
      stateDir: 'state',
      apiKey: 'key',
      apiSecret: 'secret',
      seed: 7,
      speed: 0.5,
      controlToken: 'token',
    },
  )
})

t.test('every wrong variable is named, with what would be right, and no value is shown', async (t) => {
  t.throws(
    () => readConfig({ SIMULATOR_PORT: '99999', SIMULATOR_SEED: 'x1', SIMULATOR_SPEED: '-3' }),
    new ConfigError(
      'wrong configuration: SIMULATOR_PORT must be a port number; SIMULATOR_SEED must be a whole number; SIMULATOR_SPEED must not be negative',
    ),
  )
})
