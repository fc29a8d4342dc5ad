import { type RunningService, startedService } from '@colibri/testkit'

const entry = new URL('../main.js', import.meta.url)

/** Market-data as a process of its own; see `startedService`. */
export const runningService = (
  t: Parameters<typeof startedService>[0],
  service: string,
  env: Readonly<Record<string, string>> = {},
  prepare: (home: string) => Promise<void> = async () => {},
): Promise<RunningService> => startedService(t, { service, entry, env, prepare })
