import { pause } from '../pause.ts'
import type { Projection } from '../projection.ts'

/**
 * Counts and sums the events of each stream. An event applied twice violates a key; one left out shows in the count.
 * `pauseMs` makes each transaction long enough to be killed in.
 */
export const countingProjection = (
  categories: readonly string[],
  { pauseMs = 0 }: { readonly pauseMs?: number } = {},
): Projection => ({
  name: 'counting',
  filter: { categories },
  tables: `
    create table if not exists counts (stream text primary key, events integer not null, sum numeric not null);
    create table if not exists seen (event_id uuid primary key, first_in text not null references counts (stream));`,
  apply: async (events, client) => {
    for (const { id, streamId, data } of events) {
      await client.query({
        name: 'count-event',
        text: `insert into counts (stream, events, sum) values ($1, 1, $2)
               on conflict (stream) do update set events = counts.events + 1, sum = counts.sum + excluded.sum`,
        values: [streamId, 'n' in data ? data.n : 0],
      })
      if (pauseMs > 0) await pause(pauseMs)
      await client.query({ name: 'see-event', text: 'insert into seen values ($1, $2)', values: [id, streamId] })
    }
  },
})
