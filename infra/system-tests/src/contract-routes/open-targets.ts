import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Api } from '../api.ts'
import { makeKey } from './prepare.ts'
import { contractTargets, ownTargets, type Target } from './targets.ts'

const document = z.object({ paths: z.record(z.string(), z.unknown()) })

/** One route of each service that has routes: the edge reads their documents one by one. */
const FROM_EACH = ['/trading/orders', '/portfolio/state', '/market-data/prices']

/** Every route that a running edge serves, the contract's and others, and an account that may be taken away. */
export const openTargets = async (api: Api, simulatorUrl: string): Promise<readonly Target[]> => {
  const key = { apiKey: 'fuzzed-key', apiSecret: 'fuzzed-secret' }
  await makeKey(simulatorUrl, key)
  await api.send('POST', '/accounts/add-account?account_name=fuzzed', {})
  const { status } = await api.post('/accounts/add-credential/fuzzed/simulator', {
    simulator_api_key: key.apiKey,
    simulator_api_secret: key.apiSecret,
  })
  if (status !== 201) throw new Error(`the account to be taken away has no keys: ${status}`)
  const deadline = Date.now() + 60_000
  for (;;) {
    const { body } = await api.get('/openapi.json')
    const { paths } = document.parse(body)
    if (FROM_EACH.every((path) => path in paths)) return [...contractTargets, ...ownTargets(body)]
    if (Date.now() > deadline) throw new Error(`the edge does not know all of ${FROM_EACH}`)
    await sleep(250)
  }
}
