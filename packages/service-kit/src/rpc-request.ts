import { z } from 'zod'
import { badRequest } from './api-error.ts'

/** A request over NATS as its schema reads it; the caller is told what does not fit, as `invalid`. */
export const rpcRequest = <T>(schema: z.ZodType<T>, payload: unknown): T => {
  const parsed = schema.safeParse(payload)
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error))
  return parsed.data
}
