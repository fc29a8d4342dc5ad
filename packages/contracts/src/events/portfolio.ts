import { z } from 'zod'
import { decimalText } from './order.ts'

export const portfolioEvents = {
  /** What every account held at one moment, valued at the prices of that moment. Connectors without tokens are left out. */
  PortfolioSnapshotTaken: z.object({
    /** Epoch milliseconds, the same for all accounts. */
    takenAt: z.number().int(),
    accounts: z.array(
      z.object({
        accountName: z.string(),
        connectorName: z.string(),
        /** Epoch milliseconds at which this venue was asked; absent in older events, then it is `takenAt`. */
        askedAt: z.number().int().optional(),
        tokens: z.array(
          z.object({
            token: z.string(),
            units: decimalText,
            available: decimalText,
            /** In USDT; 0 where nobody knew one. */
            price: decimalText,
          }),
        ),
      }),
    ),
  }),
} as const

export type PortfolioSnapshotTaken = Readonly<z.infer<typeof portfolioEvents.PortfolioSnapshotTaken>>

/** All snapshots, one event each. */
export const snapshotsStream = 'portfolio-snapshots'
