// The way into Colibri on a machine that has Node >= 20 and npm and nothing else: installs, compiles, runs a command.
// Depends on nothing but Node, and only on what Node 20 has.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const bin = join(root, 'node_modules', '.bin')
const stamp = join(root, 'node_modules', '.colibri-installed')
const compiled = join(root, 'infra', 'local', 'dist', 'main.js')

/** What runs behind each command; the launcher itself takes the first two. */
const COMMANDS = {
  // The launcher waits most of its life: a small young generation is enough for it.
  start: ['--max-semi-space-size=2', compiled, 'start'],
  test: [compiled, 'test'],
  bench: [join(root, 'infra', 'bench', 'dist', 'main.js')],
  chaos: [join(root, 'infra', 'system-tests', 'dist', 'chaos.js')],
  fuzz: [join(root, 'infra', 'system-tests', 'dist', 'fuzz.js')],
  log: [join(root, 'infra', 'cli', 'dist', 'main.js')],
  candles: [join(root, 'infra', 'cli', 'dist', 'candles.js')],
  golden: [join(root, 'infra', 'cli', 'dist', 'golden.js')],
  backtest: [join(root, 'infra', 'cli', 'dist', 'backtest.js')],
  asyncapi: [join(root, 'infra', 'cli', 'dist', 'write-asyncapi.js')],
}

/** Those whose output is read by people and programs: it is theirs alone. */
const QUIET = ['log', 'candles', 'backtest']

const say = (line) => process.stdout.write(`${line}\n`)
const fail = (sentence) => {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

/** Runs a program to its end and passes on the signals that end us, a parent that is gone included. */
const run = (command, args, options) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, ...options })
    const output = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk))
    let asked = 0
    const pass = (signal) => {
      asked++
      child.kill(signal)
    }
    const onSignal = { SIGINT: () => pass('SIGINT'), SIGTERM: () => pass('SIGTERM'), SIGHUP: () => pass('SIGTERM') }
    for (const [signal, handler] of Object.entries(onSignal)) process.on(signal, handler)
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.ppid !== parent && asked === 0) pass('SIGTERM')
    }, 200)
    const done = (result) => {
      clearInterval(watch)
      for (const [signal, handler] of Object.entries(onSignal)) process.off(signal, handler)
      resolve({ ...result, asked, output: Buffer.concat(output).toString() })
    }
    child.once('error', (error) => done({ code: 1, error: error.message }))
    child.once('close', (code, signal) => done({ code: code ?? 1, error: signal ? `killed by ${signal}` : null }))
  })

/** The part of our own surroundings that npm adds is not for the programs: it would leak into theirs. */
const environment = () => {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  return {
    // A dozen processes load the same two thousand modules, at every start.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    ...Object.fromEntries(kept),
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
  }
}

const manifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Names what is installed: the lockfile, every manifest it stands for, and the platform it was made on. */
const wanted = () => {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

const isInstalled = () =>
  existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted() && existsSync(join(bin, 'tsc')) && workspaceIsLinked()

/** pnpm puts a folder of links into every member; one that is missing was cleaned away or is new. */
const workspaceIsLinked = () => {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
  return references.every(({ path }) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
    return Object.keys(dependencies).every((name) => existsSync(join(root, path, 'node_modules', name)))
  })
}

const install = async () => {
  if (isInstalled()) return
  const { packageManager } = manifest()
  say(`installing with ${packageManager}`)
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  const result = await run(npx, ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
  })
  if (result.asked > 0) process.exit(1)
  if (result.code !== 0) {
    const said = result.output
      .split('\n')
      .filter((line) => /ERR|error|ENOSPC|ENOTFOUND/.test(line))
      .pop()
    if (/ENOSPC|no space left/i.test(result.output)) fail('The disk is full: the packages could not be installed.')
    fail(`Installing the packages failed: ${(said ?? result.error ?? `exit code ${result.code}`).trim()}`)
  }
  writeFileSync(stamp, wanted())
}

/** The pinned Node of node_modules where the platform has one, else the one we run on. */
const pinnedNode = () => {
  const path = join(bin, 'node')
  if (existsSync(path)) return realpathSync(path)
  const [major] = process.versions.node.split('.')
  if (Number(major) < 22)
    fail(`There is no pinned Node for ${process.platform}-${process.arch}; run with Node 22.19 or newer.`)
  return process.execPath
}

const compile = async (node) => {
  const result = await run(node, [realpathSync(join(root, 'node_modules', 'typescript', 'bin', 'tsc')), '-b'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
  })
  if (result.asked > 0) process.exit(1)
  return result
}

const [command = '', ...args] = process.argv.slice(2)
const program = COMMANDS[command]
if (program === undefined)
  fail(`Unknown command ${command || '(none)'}: give one of ${Object.keys(COMMANDS).join(', ')}.`)
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Colibri needs Node 20 or newer, this is ${process.versions.node}.`)
try {
  await install()
  const node = pinnedNode()
  if (!QUIET.includes(command)) say('compiling')
  const compilation = await compile(node)
  if (compilation.code !== 0) {
    process.stdout.write(compilation.output)
    // Types that are wrong are one failed test of `npm test`, which says so itself where it can be run.
    if (command !== 'test' || !existsSync(compiled)) fail('The sources do not compile; see the errors above.')
  }
  const entry = program.find((argument) => argument.endsWith('.js'))
  if (!existsSync(entry)) fail(`${command} is not part of this build: ${entry} is missing.`)
  const result = await run(node, [...program, ...args], { stdio: 'inherit', env: environment() })
  if (result.error !== null && result.asked === 0) process.stderr.write(`Colibri's ${command} was ${result.error}.\n`)
  process.exitCode = result.code
} catch (error) {
  if (error?.code === 'ENOSPC') fail('The disk is full.')
  fail(`Colibri could not start: ${error?.message ?? error}`)
}
