import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Cruises a small house with the real rules; returns the names of the rules it broke, as `rule: from → to`. */
const broken = (folder: string, files: Record<string, string>): string[] => {
  copyFileSync(join(root, '.dependency-cruiser.cjs'), join(folder, '.dependency-cruiser.cjs'))
  for (const [path, text] of Object.entries({ ...HOUSE, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  mkdirSync(join(folder, 'node_modules/@colibri'), { recursive: true })
  for (const name of ['contracts', 'testkit']) {
    symlinkSync(join(folder, 'packages', name), join(folder, 'node_modules/@colibri', name))
  }
  const cruiser = join(root, 'node_modules', '.bin', 'depcruise')
  const args = [
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    'packages',
    'services',
    'gateway',
    'infra',
  ]
  const result = spawnSync(cruiser, args, { cwd: folder, encoding: 'utf8' })
  const { summary } = JSON.parse(result.stdout) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] }
  }
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort()
}

const member = (name: string): Record<string, string> => ({
  [`packages/${name}/package.json`]: JSON.stringify({
    name: `@colibri/${name}`,
    type: 'module',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  }),
  [`packages/${name}/src/index.ts`]: `export const ${name} = 1\n`,
  [`packages/${name}/src/inner.ts`]: `export const inner = 1\n`,
  [`packages/${name}/dist/index.d.ts`]: `export declare const ${name} = 1\n`,
  [`packages/${name}/dist/index.js`]: `export const ${name} = 1\n`,
})

const HOUSE: Record<string, string> = {
  'package.json': '{"type":"module"}',
  ...member('contracts'),
  ...member('testkit'),
  'services/trading/src/order.ts':
    "import { contracts } from '@colibri/contracts'\nexport const order: number = contracts\n",
  'services/trading/src/order.int.test.ts':
    "import { testkit } from '@colibri/testkit'\nimport { order } from './order.ts'\nconsole.log(order, testkit)\n",
  'services/portfolio/src/state.ts': 'export interface State { n: number }\n',
  'gateway/src/main.ts': "import { contracts } from '@colibri/contracts'\nexport const edge = contracts\n",
  'infra/local/src/main.ts': 'export {}\n',
}

t.test('a house in order breaks no rule', async (t) => t.same(broken(t.testdir({}), {}), []))

const cases: [what: string, path: string, text: string, rule: string][] = [
  [
    'a service that imports a service, for a type only',
    'services/trading/src/wrong.ts',
    "import type { State } from '../../portfolio/src/state.ts'\nexport const read = (state: State): number => state.n\n",
    'services-never-import-services: services/trading/src/wrong.ts -> services/portfolio/src/state.ts',
  ],
  [
    'a gateway that imports a service',
    'gateway/src/wrong.ts',
    "export * from '../../services/trading/src/order.ts'\n",
    'gateway-uses-packages-only: gateway/src/wrong.ts -> services/trading/src/order.ts',
  ],
  [
    'a package that imports a service',
    'packages/contracts/src/wrong.ts',
    "export * from '../../../services/trading/src/order.ts'\n",
    'packages-stand-alone: packages/contracts/src/wrong.ts -> services/trading/src/order.ts',
  ],
  [
    'an event log that knows the contracts',
    'packages/event-log/src/wrong.ts',
    "export * from '@colibri/contracts'\n",
    'event-log-knows-no-trading-word: packages/event-log/src/wrong.ts -> packages/contracts/dist/index.d.ts',
  ],
  [
    'a strategy that imports another package',
    'packages/strategy/src/wrong.ts',
    "export * from '@colibri/contracts'\n",
    'contracts-and-strategy-stand-alone: packages/strategy/src/wrong.ts -> packages/contracts/dist/index.d.ts',
  ],
  [
    'an import past the door of a package',
    'services/trading/src/wrong.ts',
    "export * from '../../../packages/contracts/src/inner.ts'\n",
    'two-doors-per-package: services/trading/src/wrong.ts -> packages/contracts/src/inner.ts',
  ],
  [
    'the testkit in production',
    'services/trading/src/wrong.ts',
    "export * from '@colibri/testkit'\n",
    'testkit-in-tests-only: services/trading/src/wrong.ts -> packages/testkit/dist/index.d.ts',
  ],
]
for (const [what, path, text, rule] of cases) {
  t.test(what, async (t) => t.same(broken(t.testdir({}), { [path]: text }), [rule]))
}

t.test('two files that need each other', async (t) => {
  const found = broken(t.testdir({}), {
    'services/trading/src/hen.ts': "import { egg } from './egg.ts'\nexport const hen = (): number => egg()\n",
    'services/trading/src/egg.ts': "import { hen } from './hen.ts'\nexport const egg = (): number => hen()\n",
  })
  t.ok(found.length > 0 && found.every((one) => one.startsWith('no-cycles: ')), found.join())
})
