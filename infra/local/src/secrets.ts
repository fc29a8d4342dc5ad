import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { LaunchError, systemErrorCode } from './launch-error.ts'
import { newSecret } from './secret.ts'

const schema = z.object({
  /** Shared by the edge and the services: they answer nobody else. */
  edgeToken: z.string(),
  /** Encrypts stored exchange credentials unless CONFIG_PASSWORD is set. */
  configPassword: z.string(),
  simulator: z.object({ apiKey: z.string(), apiSecret: z.string() }),
  /** Password by NATS user. */
  nats: z.record(z.string(), z.string()),
})
export type Secrets = z.infer<typeof schema>

/** The secrets in `<home>/secrets.json` (mode 0600); those that are missing are generated and stored first. */
export const keptSecrets = async (home: string, natsUsers: readonly string[]): Promise<Secrets> => {
  const path = join(home, 'secrets.json')
  const known = await read(path)
  const secrets: Secrets = {
    edgeToken: known?.edgeToken ?? newSecret(),
    configPassword: known?.configPassword ?? newSecret(),
    simulator: known?.simulator ?? { apiKey: newSecret(), apiSecret: newSecret() },
    nats: { ...Object.fromEntries(natsUsers.map((user) => [user, newSecret()])), ...known?.nats },
  }
  const text = `${JSON.stringify(secrets, null, 2)}\n`
  if (known === null || JSON.stringify(known) !== JSON.stringify(secrets)) await replace(path, text)
  return secrets
}

const read = async (path: string): Promise<Secrets | null> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // Generating new ones here would make every stored credential unreadable.
    throw new LaunchError(`${path} is damaged; restore it from a backup, or move the whole home away to begin anew.`)
  }
}

/** Durable before its first use: credentials encrypted with a password that a power cut took would be lost. */
const replace = async (path: string, text: string): Promise<void> => {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
