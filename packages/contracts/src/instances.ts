import { z } from 'zod'

export const serviceName = z.enum([
  'market-data',
  'trading',
  'portfolio',
  'orchestration',
  'backtesting',
  'gateway-dex',
])
export type ServiceName = z.infer<typeof serviceName>

/** What a replica says of itself on `instances.<service>`, every second. The edge forgets it after three silent seconds. */
export const instanceAnnouncement = z.object({
  service: serviceName,
  instanceId: z.string(),
  /** Loopback or container address the edge can reach, `http://127.0.0.1:43121`. */
  url: z.string(),
  state: z.enum(['ready', 'starting', 'draining']),
})
export type InstanceAnnouncement = z.infer<typeof instanceAnnouncement>
