import type { ConfigMapResponse } from '@colibri/contracts'
import type { Connector } from '@colibri/exchange'

/** The fields of a connector's credential file as REST shows them. */
export const configMap = (connector: Connector): ConfigMapResponse =>
  Object.fromEntries(
    connector.fields.map(({ name, type, required, allowedValues }) => [
      name,
      { type, required, ...(allowedValues === undefined ? {} : { allowed_values: [...allowedValues] }) },
    ]),
  )
