import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { changes, treeOf } from './file-tree.ts'

/** Files outside the folder of accounts that a path might lead to, and links inside it that lead out. */
export interface Trap {
  /** Of every file outside, and part of some of their names: no reply may hold it. */
  readonly canary: string
  /** From the folder that holds the installation. */
  readonly outside: readonly string[]
  readonly links: readonly string[]
  /** What has been changed that must not be; empty when nothing was. */
  sprung(): Promise<readonly string[]>
  remove(): Promise<void>
}

/** What the installation changes by itself all the time. */
const LIVING = [
  'postgres',
  'nats',
  'simulator',
  'logs',
  'run.json',
  'lock',
  'ports.json',
  'seals.log',
  'bots/credentials',
]

export const setTrap = async (home: string): Promise<Trap> => {
  const canary = `canary-${randomUUID()}`
  const elsewhere = await mkdtemp(join(tmpdir(), 'colibri-elsewhere-'))
  const accounts = join(home, 'bots', 'credentials')
  const plant = async (folder: string): Promise<void> => {
    await mkdir(join(folder, 'connectors'), { recursive: true })
    const keys = `connector: simulator\nsimulator_api_key: ${canary}\nsimulator_api_secret: ${canary}\n`
    for (const name of ['canary.yml', 'connectors/simulator.yml', `connectors/${canary}.yml`, 'conf_client.yml'])
      await writeFile(join(folder, name), keys)
  }
  for (const folder of [elsewhere, home, join(home, 'bots')]) await plant(folder)
  await symlink(elsewhere, join(accounts, 'linked'))
  await mkdir(join(accounts, 'holder'))
  await symlink(join(elsewhere, 'connectors'), join(accounts, 'holder', 'connectors'))
  await symlink(join(elsewhere, 'canary.yml'), join(accounts, 'master_account', 'connectors', 'dexalot.yml'))

  const inside = (folder: string) => treeOf(folder, LIVING)
  const before = { elsewhere: await treeOf(elsewhere), home: await inside(home) }
  return {
    canary,
    outside: [
      `${basename(elsewhere)}/canary.yml`,
      `${basename(elsewhere)}/connectors/simulator`,
      `${basename(home)}/canary.yml`,
      `${basename(home)}/bots`,
    ],
    links: ['linked', 'holder', 'dexalot'],
    async sprung() {
      const names = await readdir(accounts)
      return [
        ...changes(before.elsewhere, await treeOf(elsewhere)),
        ...changes(before.home, await inside(home)),
        ...names
          .filter((name) => !/^[A-Za-z0-9_-]+$/.test(name))
          .map((name) => `accounts have ${JSON.stringify(name)}`),
      ]
    },
    remove: () => rm(elsewhere, { recursive: true }),
  }
}
