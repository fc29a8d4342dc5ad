import type { SimulatorKey } from './accounts/master-account.ts'
import type { TradingConfig } from './config.ts'

/** Where the exchange simulator is, by connector. */
export const simulatorUrls = ({ SIMULATOR_REST_URL: rest, SIMULATOR_WS_URL: ws }: TradingConfig) => {
  const urls = { ...(rest === undefined ? {} : { rest }), ...(ws === undefined ? {} : { ws }) }
  return { simulator: urls, simulator_perpetual: urls }
}

export const simulatorKey = ({
  SIMULATOR_API_KEY: key,
  SIMULATOR_API_SECRET: secret,
}: TradingConfig): SimulatorKey | undefined => (key === undefined || secret === undefined ? undefined : { key, secret })
