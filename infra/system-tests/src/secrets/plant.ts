import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Reply } from '../api.ts'
import { makeKey } from '../contract-routes/prepare.ts'
import { injectFault } from '../simulator.ts'

/** Texts nobody would write by accident, given to Colibri as keys. */
export interface Planted {
  readonly words: readonly string[]
  /** Every reply to every request, as text. */
  readonly replies: readonly string[]
  /** Requests that were answered otherwise than they had to be. */
  readonly surprises: readonly string[]
}

const ACCOUNT = 'planted'
const FAULTS = [
  { on: 'create', kind: 'reject' },
  { on: 'create', kind: '500' },
  { on: 'create', kind: 'garbage' },
  { on: 'create', kind: 'drop-connection' },
  { on: 'create', kind: 'accept-then-timeout', delayMs: 200 },
  { on: 'create', kind: 'drop-websocket' },
  { on: 'account', kind: 'garbage' },
]

/** Gives keys through every route that takes them, right and wrong, and trades under them while the venue misbehaves. */
export const plantSecrets = async (api: Api, simulatorUrl: string): Promise<Planted> => {
  const words: string[] = []
  const replies: string[] = []
  const surprises: string[] = []
  const word = (what: string): string => {
    const made = `clb${what}${randomBytes(12).toString('hex')}`
    words.push(made)
    return made
  }
  const ask = async (method: string, path: string, status: number, init: RequestInit = {}): Promise<Reply> => {
    const reply = await api.send(method, path, { headers: { 'content-type': 'application/json' }, ...init })
    const text = `${JSON.stringify(reply.body)} ${JSON.stringify([...reply.headers])}`
    replies.push(`${method} ${path.slice(0, 80)}: ${text}`)
    if (reply.status !== status)
      surprises.push(`${method} ${path.slice(0, 80)}: ${reply.status}, not ${status}: ${text}`)
    return reply
  }
  const send = (method: string, path: string, status: number, body: unknown): Promise<Reply> =>
    ask(method, path, status, { body: JSON.stringify(body) })
  const add = (connector: string, status: number, body: unknown, account = ACCOUNT): Promise<Reply> =>
    send('POST', `/accounts/add-credential/${account}/${connector}`, status, body)
  const keysOf = (connector: string, key: string, secret: string) => ({
    [`${connector}_api_key`]: key,
    [`${connector}_api_secret`]: secret,
  })

  const good = { apiKey: word('key'), apiSecret: word('secret') }
  await makeKey(simulatorUrl, good)
  const goodKeys = keysOf('simulator', good.apiKey, good.apiSecret)
  await ask('POST', `/accounts/add-account?account_name=${ACCOUNT}`, 201)
  await add('simulator', 201, goodKeys)
  await add('simulator_perpetual', 201, keysOf('simulator_perpetual', good.apiKey, good.apiSecret))
  await ask('GET', `/accounts/${ACCOUNT}/credentials/simulator/permissions`, 200)

  // Refused by the venue.
  await add('simulator', 400, keysOf('simulator', word('unknown'), word('secret')))
  await add('simulator', 400, keysOf('simulator', good.apiKey, word('wrong')))
  await send('PUT', `/accounts/${ACCOUNT}`, 400, {
    connector_name: 'simulator',
    credentials: keysOf('simulator', word('put'), word('put')),
  })
  await send('PUT', `/accounts/${ACCOUNT}`, 400, { simulator: keysOf('simulator', word('put'), word('put')) })
  // Refused before anybody is asked.
  await add('simulator', 400, { ...goodKeys, passphrase: word('passphrase') })
  await add('simulator', 400, { simulator_api_key: word('alone') })
  await add('simulator', 400, { simulator_api_key: [word('list')], simulator_api_secret: { deep: word('object') } })
  await add('okx', 400, { okx_api_key: word('okx'), okx_passphrase: word('passphrase') })
  await add('hyperliquid_perpetual', 400, { nothing: word('mnemonic') })
  await add('nope', 400, { api_key: word('nowhere') })
  await add('simulator', 400, keysOf('simulator', word('nobody'), word('nobody')), 'nobody')
  // Refused as no request at all.
  await add('simulator', 422, [word('array')])
  await add('simulator', 422, word('text'))
  await send('PUT', `/accounts/${ACCOUNT}`, 422, word('text'))
  await send('PUT', `/accounts/${ACCOUNT}`, 400, { connector_name: 'simulator', credentials: word('text') })
  const path = `/accounts/add-credential/${ACCOUNT}/simulator`
  await ask('POST', path, 422, { body: `{"simulator_api_secret":"${word('broken')}` })
  await ask('POST', path, 422, {
    body: `simulator_api_secret=${word('form')}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  await ask('POST', path, 422, { body: word('plain'), headers: { 'content-type': 'text/plain' } })
  await ask('PATCH', path, 405, { body: JSON.stringify({ simulator_api_secret: word('method') }) })
  await send('POST', '/accounts', 422, { simulator_api_secret: word('misplaced') })

  // The secret of a webhook is shown once, to whoever made it: to ask for the reply is to be told.
  const webhook = { url: 'https://receiver.invalid/x', events: ['order', 'fill'] }
  const signing = (what: string) => `whsec_${Buffer.from(word(what)).toString('base64')}`
  const made = await api.post('/webhooks', { ...webhook, secret: signing('webhook') })
  if (made.status !== 201) surprises.push(`POST /webhooks: ${made.status} ${JSON.stringify(made.body)}`)
  await ask('GET', '/webhooks', 200)
  for (const secret of [`${signing('webhook')}!`, word('webhook'), [word('webhook')], { deep: word('webhook') }])
    await send('POST', '/webhooks', 400, { ...webhook, secret })
  await send('POST', '/webhooks', 422, [signing('webhook')])
  await send('POST', '/webhooks', 422, { ...webhook, name: { secret: signing('webhook') } })
  await send('POST', '/webhooks', 422, { url: 5, secret: signing('webhook') })

  const order = async (n: number): Promise<void> => {
    await api.post('/trading/orders', {
      account_name: ACCOUNT,
      connector_name: n % 2 === 0 ? 'simulator' : 'simulator_perpetual',
      trading_pair: 'BTC-USDT',
      trade_type: n % 4 < 2 ? 'BUY' : 'SELL',
      amount: '0.01',
      order_type: 'MARKET',
    })
  }
  for (const fault of FAULTS) {
    await injectFault(simulatorUrl, { ...fault, times: 2 })
    await order(0)
    await order(1)
    await send('POST', '/portfolio/state', 200, { account_names: [ACCOUNT], refresh: true })
  }
  // Streams and requests go on under a key that is none any more.
  const revoked = await fetch(`${simulatorUrl}/control/keys?apiKey=${good.apiKey}`, { method: 'DELETE' })
  if (!revoked.ok) surprises.push(`revoking: ${await revoked.text()}`)
  await order(0)
  await order(1)
  await ask('GET', `/accounts/${ACCOUNT}/credentials/simulator/permissions`, 200)
  await sleep(1_000)
  await ask('POST', `/accounts/delete-credential/${ACCOUNT}/simulator_perpetual`, 200)
  return { words, replies, surprises }
}
