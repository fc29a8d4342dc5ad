import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dockerFiles, dockerLogin } from './docker-files.ts'
import { LaunchError } from './launch-error.ts'
import { natsUserNames } from './nats-users.ts'
import { keptSecret } from './secret.ts'
import { keptSecrets } from './secrets.ts'

/**
 * `docker-setup.js [login | nats <user>]`: runs before every other container. Generates the secrets once, in a volume only
 * it mounts, and writes each container's part of them into that container's volume. With an argument it also shows one
 * of them, on request only: what the setup says by itself is kept in Docker's logs.
 */
const KEPT = '/kept'
const VOLUMES = '/volumes'

const setUp = async (): Promise<string> => {
  const { USERNAME: username, PASSWORD: password, CONFIG_PASSWORD: configPassword } = process.env
  const secrets = await keptSecrets(KEPT, natsUserNames)
  const login = dockerLogin(
    { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) },
    await keptSecret(join(KEPT, 'login')),
  )
  const databasePassword = await keptSecret(join(KEPT, 'database'))
  const files = dockerFiles(secrets, {
    login,
    databasePassword,
    configPassword: configPassword || secrets.configPassword,
  })
  for (const { path, text, mode } of files) {
    const target = join(VOLUMES, path)
    await rm(`${target}.new`, { force: true })
    await writeFile(`${target}.new`, text, { mode: 0o600, flag: 'wx' })
    await chmod(`${target}.new`, mode)
    await rename(`${target}.new`, target)
  }
  const [question, user = ''] = process.argv.slice(2)
  switch (question) {
    case undefined:
      return `The edge's login is ${login.username}; show its password with: docker compose run --rm setup login`
    case 'login':
      return `${login.username}:${login.password}`
    case 'nats': {
      const natsPassword = secrets.nats[user]
      if (natsPassword !== undefined) return `${user}:${natsPassword}`
      throw new LaunchError(`There is no NATS user '${user}'; there are ${natsUserNames.join(', ')}.`)
    }
    default:
      throw new LaunchError(`Unknown question ${question}: give login or nats <user>.`)
  }
}

try {
  process.stdout.write(`${await setUp()}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof LaunchError ? error.message : String(error)}\n`)
  process.exitCode = 1
}
