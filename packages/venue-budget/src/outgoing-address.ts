import { z } from 'zod'

/**
 * The address that venues see this replica at: they count requests and ban by it. Replicas behind one address say the same;
 * unless told otherwise all of them do, which is safe wherever they run.
 */
export const outgoingAddress = z
  .string()
  .regex(/^[\w.:-]+$/, 'must be an IP address or another name of letters, digits and . : _ -')
  .default('shared')
