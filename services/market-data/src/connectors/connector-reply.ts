import type { ConnectorResponse } from '@colibri/contracts'
import type { Connector } from '@colibri/exchange'
import { configMap } from './config-map.ts'

/** What is known of a connector without asking its venue. */
export const connectorReply = (connector: Connector): ConnectorResponse => ({
  name: connector.name,
  is_perpetual: connector.market === 'perpetual',
  supported_order_types: [...connector.orderTypes],
  config_fields: configMap(connector),
  available: connector.ccxt.kind === 'exchange',
  unavailable_reason: connector.ccxt.kind === 'absent' ? connector.ccxt.reason : null,
})
