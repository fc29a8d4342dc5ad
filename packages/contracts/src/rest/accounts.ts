import { z } from 'zod'
import { dict, model, text } from './types.ts'

/** `/accounts`: folders of credentials. */

export const accountNames = z.array(z.string())
export const connectorNames = z.array(z.string())
export const accountPath = model({ account_name: text() })
export const accountQuery = model({ account_name: text() })
/** `POST /accounts`, the older form of add-account. */
export const accountBody = model({ account_name: text() })
export const credentialPath = model({ account_name: text(), connector_name: text() })
/** Field name → value, as the connector's config map names them. */
export const credentialFields = dict()
/** `PUT /accounts/{account_name}`, the older form of add-credential: `{connector_name, credentials}` or `{<connector>: {…}}`. */
export const accountUpdate = dict()
export const accountMessage = z.object({ message: z.string() })
