import { z } from 'zod'
import { dict, markConfidential, model, text } from './types.ts'

/** `/accounts`: folders of credentials. */

export const accountNames = z.array(z.string())
export const connectorNames = z.array(z.string())
export const accountPath = model({ account_name: text() })
export const accountQuery = model({ account_name: text() })
/** `POST /accounts`, the older form of add-account. */
export const accountBody = markConfidential(model({ account_name: text() }))
export const credentialPath = model({ account_name: text(), connector_name: text() })
/** Field name → value, as the connector's config map names them. */
export const credentialFields = markConfidential(dict())
/** `PUT /accounts/{account_name}`, the older form of add-credential: `{connector_name, credentials}` or `{<connector>: {…}}`. */
export const accountUpdate = markConfidential(dict())
/** `warnings` only where there are some. */
export const accountMessage = z.object({ message: z.string(), warnings: z.array(z.string()).optional() })

const permission = z.enum(['yes', 'no', 'unknown'])
/** `GET /accounts/{account_name}/credentials/{connector_name}/permissions`: what the stored key may do, asked now. */
export const permissionsView = z.object({
  account_name: z.string(),
  connector_name: z.string(),
  trade: permission,
  withdraw: permission,
  /** Whether the venue takes the key from certain addresses only. */
  ip_restricted: permission,
  /** Why they are unknown; null when the venue told. */
  reason: z.string().nullable(),
  warnings: z.array(z.string()),
})
export type PermissionsView = z.infer<typeof permissionsView>
