import { z } from 'zod'
import { model, text } from './types.ts'

/** `/accounts`: folders of credentials. */

export const accountNames = z.array(z.string())
export const connectorNames = z.array(z.string())
export const accountPath = model({ account_name: text() })
export const accountQuery = model({ account_name: text() })
export const accountMessage = z.object({ message: z.string() })
