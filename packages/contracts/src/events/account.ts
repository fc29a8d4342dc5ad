import { z } from 'zod'
import type { EventOf } from './event-of.ts'

const permission = z.enum(['yes', 'no', 'unknown'])

/** Who had which keys when. Never what the keys are: an event holds no secret and nothing made from one. */
export const accountEvents = {
  AccountAdded: z.object({ accountName: z.string() }),
  AccountDeleted: z.object({ accountName: z.string() }),
  /** The venue took the keys, and they are stored. */
  CredentialsStored: z.object({
    accountName: z.string(),
    connectorName: z.string(),
    /** `renewed`: others were stored before, and are not used any more. */
    kind: z.enum(['first', 'renewed']),
    /** As the venue told when it was asked, just before they were stored. */
    permissions: z.object({ trade: permission, withdraw: permission, ipRestricted: permission }),
  }),
  CredentialsDeleted: z.object({ accountName: z.string(), connectorName: z.string() }),
} as const

export type AccountEvent = EventOf<typeof accountEvents>

export const accountStream = (accountName: string): string => `account-${accountName}`
