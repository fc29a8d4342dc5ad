import t from 'tap'
import { ConfigError, readConfig } from './config.ts'

const EDGE_TOKEN = 'x'

t.test('defaults', async (t) => {
  const config = readConfig({ EDGE_TOKEN })
  t.match(config, {
    host: '127.0.0.1',
    port: 8000,
    username: 'admin',
    password: 'admin',
    bodyLimit: 1_048_576,
    timeouts: { standard: 30_000, long: 600_000 },
    cors: { origins: [], credentials: 'allowed', methods: ['*'], headers: ['*'] },
  })
  const { originPattern } = config.cors
  for (const origin of ['http://localhost', 'https://127.0.0.1:8501']) t.ok(originPattern?.test(origin), origin)
  for (const origin of ['http://localhost.evil', 'http://xlocalhost', 'http://127a0.0.1']) {
    t.notOk(originPattern?.test(origin), origin)
  }
})

t.test('every wrong variable is named', async (t) => {
  const env = { GATEWAY_PORT: 'x', CORS_ALLOW_ORIGINS: 'a,b', CORS_ALLOW_ORIGIN_REGEX: '(' }
  let thrown: unknown
  try {
    readConfig(env)
  } catch (error) {
    thrown = error
  }
  t.type(thrown, ConfigError)
  const text = String(thrown)
  for (const name of ['EDGE_TOKEN', 'GATEWAY_PORT', 'CORS_ALLOW_ORIGINS', 'CORS_ALLOW_ORIGIN_REGEX'])
    t.match(text, name)
})

t.test('the default password is for this machine alone', async (t) => {
  for (const host of ['127.0.0.1', '127.8.0.1', '::1', 'localhost']) {
    t.equal(readConfig({ EDGE_TOKEN, GATEWAY_HOST: host }).host, host)
  }
  for (const host of ['0.0.0.0', '::', '192.168.1.2', '127.example', '1270.0.0.1']) {
    t.throws(
      () => readConfig({ EDGE_TOKEN, GATEWAY_HOST: host }),
      new ConfigError(
        `Refusing to listen on ${host} with the default password; set PASSWORD (and USERNAME) or listen on 127.0.0.1.`,
      ),
      host,
    )
    t.equal(readConfig({ EDGE_TOKEN, GATEWAY_HOST: host, API_PASSWORD: 'other' }).host, host)
  }
})

t.test('an empty regular expression switches it off', async (t) => {
  t.equal(readConfig({ EDGE_TOKEN, CORS_ALLOW_ORIGIN_REGEX: '' }).cors.originPattern, null)
})
