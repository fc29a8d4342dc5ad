import type { ConfigMapResponse } from '@colibri/contracts'
import type { Connector, CredentialField } from '@colibri/exchange'

/** The contract shows a union as the annotation's full text. Only injective has fields of such types. */
const module = 'hummingbot.connector.exchange.injective_v2.injective_v2_utils'
const union = (...classes: readonly string[]): string =>
  `typing.Union[${classes.map((name) => `${module}.Injective${name}Mode`).join(', ')}]`

const unions = new Map([
  ['network', union('MainnetNetwork', 'TestnetNetwork', 'CustomNetwork')],
  ['account_type', union('DelegatedAccount', 'ReadOnlyAccount')],
  ['fee_calculator', union('SimulatedTransactionFeeCalculator', 'MessageBasedTransactionFeeCalculator')],
])

const typeOf = ({ name, type }: CredentialField): string => (type === 'Union' ? (unions.get(name) ?? type) : type)

/** The fields of a connector's credential file as REST shows them. */
export const configMap = (connector: Connector): ConfigMapResponse =>
  Object.fromEntries(
    connector.fields.map((field) => [
      field.name,
      {
        type: typeOf(field),
        required: field.required,
        ...(field.allowedValues === undefined ? {} : { allowed_values: [...field.allowedValues] }),
      },
    ]),
  )
