import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ReplicaScope, type ServiceReplicas, serviceReplicas } from '@colibri/testkit'

/** Replicas of this service whose home has these files. */
export const backtestingReplicas = (
  t: ReplicaScope,
  files: Readonly<Record<string, string>>,
): Promise<ServiceReplicas> =>
  serviceReplicas(t, {
    service: 'backtesting',
    entry: new URL('../main.js', import.meta.url),
    prepare: async (home) => {
      for (const [path, text] of Object.entries(files)) {
        const file = join(home, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      }
    },
  })
