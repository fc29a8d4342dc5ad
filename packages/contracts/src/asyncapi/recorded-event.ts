import { z } from 'zod'

/** An event of the log as its copy travels on `events.…`; `data` and `type` are the event's own. */
export const recordedEvent = <Data extends z.ZodType>(type: string, data: Data) =>
  z.object({
    /** UUID, also the `Nats-Msg-Id` of the message. */
    id: z.string(),
    /** `<category>-<id>` of the aggregate. */
    streamId: z.string(),
    /** Within its stream, from 0. */
    version: z.int().nonnegative(),
    /** Place in the whole log, also in the header `Colibri-Position`. Opaque text. */
    position: z.string(),
    type: z.literal(type),
    schemaVersion: z.int().positive(),
    data,
    metadata: z.object({
      /** The request that started the chain of causes. */
      correlationId: z.string(),
      /** The event or command directly before this one. */
      causationId: z.string(),
      /** `user:<name>`, `service:<name>`, `venue:<connector>`. */
      actor: z.string(),
      /** Epoch milliseconds at which the fact became known. */
      time: z.number(),
      /** Network address the request came from; absent where nobody outside asked, and in older events. */
      address: z.string().optional(),
    }),
    /** Epoch milliseconds at which the log stored it. */
    recordedAt: z.number(),
  })
