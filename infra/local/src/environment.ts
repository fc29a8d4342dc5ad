import { delimiter, join } from 'node:path'

/** What the machine offers the embedded servers; the only place of this package's library half that reads the environment. */
export const machine = {
  natsServerBinary: (): string | null => process.env.NATS_SERVER_BIN || null,
  candidatesOnPath: (name: string): string[] =>
    (process.env.PATH ?? '')
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name)),
  /** For child servers: the search path and nothing that could change their behaviour. */
  bareEnvironment: (): Record<string, string> => ({
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
  }),
}
