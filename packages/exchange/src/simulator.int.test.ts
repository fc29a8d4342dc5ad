import { startSimulator } from '@colibri/exchange-simulator'
import t from 'tap'
import { openVenues } from './open-venues.ts'
import { testVenue, type VenueUnderTest } from './venue.contract.ts'

const openSimulator = async (connectorName: string): Promise<VenueUnderTest> => {
  const simulator = await startSimulator({ apiKey: 'contract-key', apiSecret: 'contract-secret' })
  const venues = openVenues({
    urls: { [connectorName]: { rest: simulator.restUrl, ws: simulator.wsUrl } },
    timeoutMs: 2_000,
  })
  const command = async (path: string, body: unknown): Promise<void> => {
    const reply = await fetch(`${simulator.controlUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`)
  }
  return {
    publicVenue: venues.publicVenue(connectorName),
    accountVenue: venues.accountVenue(connectorName, {
      [`${connectorName}_api_key`]: 'contract-key',
      [`${connectorName}_api_secret`]: 'contract-secret',
    }),
    tradingPair: 'BTC-USDT',
    listsFillsByOrder: true,
    faults: {
      acceptThenTimeout: () => command('/faults', { on: 'create', kind: 'accept-then-timeout' }),
      dropStreams: () => command('/websockets/drop', {}),
    },
    close: async () => {
      await venues.close()
      await simulator.close()
    },
  }
}

testVenue(t, 'simulator', () => openSimulator('simulator'))
testVenue(t, 'simulator_perpetual', () => openSimulator('simulator_perpetual'))
