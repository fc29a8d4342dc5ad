import { z } from 'zod'

/** `/system`: the machine the service runs on. Sizes in bytes. */
export const systemResourcesResponse = z.object({
  cpu: z.object({
    /** Of all processors together, since the previous call. */
    percent: z.number(),
    count_logical: z.int().nullable(),
    count_physical: z.int().nullable(),
    load_avg_1m: z.number(),
    load_avg_5m: z.number(),
    load_avg_15m: z.number(),
  }),
  memory: z.object({ total: z.int(), available: z.int(), used: z.int(), percent: z.number() }),
  disk: z.object({
    mountpoint: z.literal('host root'),
    total: z.int(),
    used: z.int(),
    free: z.int(),
    percent: z.number(),
  }),
})
export type SystemResourcesResponse = z.infer<typeof systemResourcesResponse>
