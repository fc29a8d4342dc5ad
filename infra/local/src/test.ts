import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { LaunchError } from './launch-error.ts'
import { watchParent } from './parent-watch.ts'
import { type TapReport, tapReport } from './tap-report.ts'
import { type Totals, tapTotals } from './tap-totals.ts'

export interface TestOptions {
  root: string
  /** `unit`, `int`, `e2e` and parts of paths; all tests when empty. */
  args: readonly string[]
  say: (line: string) => void
}

const KINDS = ['unit', 'int', 'e2e']
/** Where tests are: a test that was deleted leaves its compiled file behind, so sources are what counts. */
const SOURCES = ['packages/*/src/**', 'services/*/src/**', 'gateway/src/**', 'infra/*/src/**']

/**
 * Types, lint, house check, then the chosen tests; says once more at the end what was skipped and what failed, then
 * `N passed, N failed`, and returns the exit status.
 */
export const test = async ({ root, args, say }: TestOptions): Promise<number> => {
  const running = new Set<ChildProcess>()
  const told = new AbortController()
  const stop = (signal: NodeJS.Signals): void => {
    told.abort()
    for (const child of running) child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  watchParent(() => stop('SIGTERM'))

  const files = testFiles(root, args)
  if (files.length === 0) throw new LaunchError(`No test matches ${args.join(' ')}.`)
  let passed = 0
  let failed = 0
  for (const [name, command, ...commandArgs] of args.length === 0 ? CHECKS : CHECKS.slice(0, 1)) {
    const status = await run(root, [command, ...commandArgs], say, running)
    say(`${status === 0 ? 'ok' : 'not ok'} - ${name}`)
    if (status === 0) passed++
    else failed++
  }
  const outcomes: Outcome[] = []
  for (const { kinds, jobs } of ROUNDS) {
    const some = files.filter((file) => kinds.includes(kindOf(file)))
    if (some.length > 0 && !told.signal.aborted) outcomes.push(await runTap(root, some, jobs, say, running))
  }
  for (const skipped of outcomes.flatMap(({ report }) => report.skipped())) say(`SKIPPED ${skipped}`)
  for (const failure of outcomes.flatMap(({ report }) => report.failures())) say(`FAILED ${failure}`)
  for (const outcome of outcomes) {
    passed += outcome.passed
    failed += outcome.failed
  }
  say(`${passed} passed, ${failed} failed`)
  return failed === 0 && !told.signal.aborted ? 0 : 1
}

const CHECKS: readonly [name: string, command: string, ...args: string[]][] = [
  ['types', 'tsc', '-b'],
  ['lint', 'biome', 'ci', '--colors=off', '.'],
  ['house', 'depcruise', '--config', '.dependency-cruiser.cjs', 'packages', 'services', 'gateway', 'infra'],
]

/** A test of kind e2e runs a whole system, a dozen processes: of those fewer at a time. */
const ROUNDS: readonly { readonly kinds: readonly string[]; readonly jobs: number }[] = [
  { kinds: ['unit', 'int'], jobs: 3 },
  { kinds: ['e2e'], jobs: 2 },
]
const kindOf = (file: string): string => file.split('.').at(-3) ?? ''

interface Outcome extends Totals {
  readonly report: TapReport
}

/** The compiled files of the chosen tests, cheap kinds first. */
const testFiles = (root: string, args: readonly string[]): string[] => {
  const kinds = args.filter((arg) => KINDS.includes(arg))
  const parts = args.filter((arg) => !KINDS.includes(arg))
  return (kinds.length === 0 ? KINDS : kinds).flatMap((kind) =>
    globSync(
      SOURCES.map((folder) => `${folder}/*.${kind}.test.ts`),
      { cwd: root },
    )
      .filter((source) => parts.length === 0 || parts.some((part) => source.includes(part)))
      .map((source) => source.replace('/src/', '/dist/').replace(/\.ts$/, '.js'))
      .sort(),
  )
}

const runTap = async (
  root: string,
  files: readonly string[],
  jobs: number,
  say: (line: string) => void,
  running: Set<ChildProcess>,
): Promise<Outcome> => {
  const report = tapReport()
  const uncompiled = files.filter((file) => !existsSync(join(root, file)))
  for (const file of uncompiled) say(`not ok - ${file} was not compiled`)
  const compiled = files.filter((file) => !uncompiled.includes(file))
  if (compiled.length === 0) return { passed: 0, failed: uncompiled.length, report }
  let totals: Totals | null = null
  const tap = ['tap', `-j${jobs}`, '--reporter=tap', '--disable-coverage', '--allow-empty-coverage', ...compiled]
  const status = await run(
    root,
    tap,
    (line) => {
      totals = tapTotals(line) ?? totals
      report.line(line)
      say(line)
    },
    running,
  )
  const counted: Totals = totals ?? { passed: 0, failed: 0 }
  // A run that broke off, or failed for something it did not count as a test, is a failure all the same.
  const silent = status !== 0 && counted.failed === 0 ? 1 : 0
  return { passed: counted.passed, failed: counted.failed + silent + uncompiled.length, report }
}

const run = (
  root: string,
  [command, ...args]: readonly string[],
  say: (line: string) => void,
  running: Set<ChildProcess>,
): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', command ?? ''), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    let rest = ''
    const forward = (chunk: string): void => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) say(line)
    }
    child.stdout.setEncoding('utf8').on('data', forward)
    child.stderr.setEncoding('utf8').on('data', forward)
    child.once('error', (error) => {
      running.delete(child)
      say(`${command} could not be started: ${error.message}`)
      resolve(1)
    })
    child.once('close', (code) => {
      running.delete(child)
      if (rest !== '') say(rest)
      resolve(code ?? 1)
    })
  })
