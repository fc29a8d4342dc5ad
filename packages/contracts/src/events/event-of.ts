import type { z } from 'zod'

/** Any one of the events that a table of schemas by type describes. */
export type EventOf<Events extends Readonly<Record<string, z.ZodType>>> = {
  [Type in keyof Events]: { readonly type: Type; readonly data: Readonly<z.infer<Events[Type]>> }
}[keyof Events]
