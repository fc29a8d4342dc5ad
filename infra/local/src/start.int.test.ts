import { rmSync, statSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import t from 'tap'
import { fakeRepository, launch, stillAlive, until } from './testing/fake-system.ts'

const pidOf = (run: { processes: readonly { name: string; pid: number }[] }, name: string): number | undefined =>
  run.processes.find((one) => one.name === name)?.pid

t.test('starts everything, keeps secrets to itself, and leaves nothing after SIGINT', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['market-data', 'trading'])
  const home = join(root, 'home')
  const launcher = await launch(t, { root, home, args: ['--services', 'market-data=2'] })
  await launcher.ready()
  const run = await launcher.run()
  t.same(
    run.processes.map(({ name }) => name),
    ['nats', 'postgres', 'simulator', 'gateway', 'market-data-1', 'market-data-2', 'trading'],
  )
  t.match(launcher.output(), new RegExp(`READY http://127.0.0.1:${launcher.port}\n$`))
  for (const file of ['secrets.json', 'run.json', 'nats/nats.conf', 'postgres/password', 'logs/trading.log']) {
    t.equal(statSync(join(home, file)).mode & 0o777, 0o600, `${file} is readable by its owner only`)
  }
  t.match(await readFile(join(home, 'logs/trading.log'), 'utf8'), /"msg":"hello","user":"trading"/)
  const before = await readFile(join(home, 'secrets.json'), 'utf8')
  launcher.process.kill('SIGINT')
  t.equal(await launcher.exited, 0)
  t.same(stillAlive(run), [])
  t.notOk((await readdir(home)).includes('lock'))

  const second = await launch(t, { root, home })
  await second.ready()
  t.equal(await readFile(join(home, 'secrets.json'), 'utf8'), before, 'the next start has the same secrets')
  t.equal((await second.run()).urls.nats, run.urls.nats, 'and the same addresses')
})

t.test('restarts whatever is killed, on the same ports and data', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['trading'])
  const launcher = await launch(t, { root, home: join(root, 'home') })
  await launcher.ready()
  const first = await launcher.run()
  const database = new pg.Client({ connectionString: first.urls.postgres })
  database.on('error', () => undefined)
  await database.connect()
  await database.query('CREATE TABLE kept AS SELECT 7 AS n')
  for (const name of ['trading', 'gateway', 'simulator', 'nats', 'postgres']) {
    const pid = pidOf(first, name)
    if (pid === undefined) throw new Error(`${name} does not run`)
    process.kill(pid, 'SIGKILL')
    await until(async () => ![pid, undefined].includes(pidOf(await launcher.run(), name)))
    t.match(launcher.output(), new RegExp(`${name} +was killed by SIGKILL; starting again in 0.1 s`))
  }
  const run = await launcher.run()
  t.same(run.urls, first.urls)
  const again = new pg.Client({ connectionString: run.urls.postgres })
  await again.connect()
  t.same((await again.query('SELECT n FROM kept')).rows, [{ n: 7 }])
  await again.end()
  launcher.process.kill('SIGTERM')
  t.equal(await launcher.exited, 0)
  t.same(stillAlive(run), [])
})

t.test('everything ends when the launcher is killed, and the next start recovers', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['trading'])
  const home = join(root, 'home')
  const launcher = await launch(t, { root, home })
  await launcher.ready()
  const run = await launcher.run()
  launcher.process.kill('SIGKILL')
  const next = await launch(t, { root, home })
  await next.ready()
  t.same(stillAlive(run), [])
})

t.test('everything ends when the parent of the launcher is killed', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['trading'])
  const { spawn } = await import('node:child_process')
  const home = join(root, 'home')
  const inner = `import { launch } from ${JSON.stringify(new URL('./testing/fake-system.js', import.meta.url).href)}
    const launcher = await launch({ teardown() {} }, { root: ${JSON.stringify(root)}, home: ${JSON.stringify(home)} })
    await launcher.ready()
    console.log(JSON.stringify({ launcher: launcher.process.pid, run: await launcher.run() }))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', inner], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { run } = JSON.parse(
    await new Promise((resolve) => parent.stdout.once('data', (chunk) => resolve(String(chunk)))),
  )
  t.ok(stillAlive(run).length > 0)
  parent.kill('SIGKILL')
  await until(() => stillAlive(run).length === 0)
  await until(async () => !(await readdir(home)).includes('lock'))
  t.pass('nothing is left')
})

t.test('says in one sentence why it cannot start, and exits with 1', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['trading'])
  const home = join(root, 'home')
  const refused = async (sentence: RegExp, options: Partial<Parameters<typeof launch>[1]>) => {
    const launcher = await launch(t, { root, home, ...options })
    t.equal(await launcher.exited, 1)
    t.match(launcher.output().trim().split('\n').at(-1), sentence)
  }
  await t.test('a busy port', async (t) => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(address !== null && typeof address === 'object' ? address.port : 0)
      }),
    )
    t.teardown(() => void server.close())
    await refused(new RegExp(`^Port ${port} of 127.0.0.1 is already in use; .*COLIBRI_PORT`), { port })
  })
  await t.test('an old NATS server', async () => {
    const old = join(root, 'old-nats')
    writeFileSync(old, '#!/bin/sh\necho "nats-server: v2.9.10"\n', { mode: 0o755 })
    await refused(/old-nats is version 2\.9\.10, but 2\.12 or newer is needed/, { env: { NATS_SERVER_BIN: old } })
  })
  await t.test('a missing binary', () =>
    refused(/NATS_SERVER_BIN names .*nowhere, which is not an executable file/, {
      env: { NATS_SERVER_BIN: join(root, 'nowhere') },
    }),
  )
  await t.test('wrong arguments', async () => {
    await refused(/--services trading can only be 1/, {
      args: ['--services', 'trading=2'],
      env: { EVENT_LOG: 'kurrentdb' },
    })
    await refused(/--services nonsense=2 is wrong/, { args: ['--services', 'nonsense=2'] })
  })
  await t.test('a service that does not start', async () => {
    const broken = join(root, 'services/trading/dist/broken')
    writeFileSync(broken, '')
    await refused(
      /^trading exited with code 1, 3 times in a row, saying: the widget is broken; its log is .*trading\.log/,
      {},
    )
    rmSync(broken)
  })
  await t.test('a second launcher on the same home', async (t) => {
    const first = await launch(t, { root, home })
    await first.ready()
    await refused(/^Colibri is already running on .*home \(process \d+\)/, {})
    t.same(stillAlive(await first.run()).length, 5, 'which does the first no harm')
  })
})

t.test('two homes run side by side', async (t) => {
  const root = await fakeRepository(t.testdir({}), ['trading'])
  const both = await Promise.all(['one', 'two'].map((name) => launch(t, { root, home: join(root, name) })))
  await Promise.all(both.map((one) => one.ready()))
  const [one, two] = await Promise.all(both.map((launcher) => launcher.run()))
  t.notSame(one?.urls, two?.urls)
  const secrets = JSON.parse(await readFile(join(root, 'one/secrets.json'), 'utf8'))
  await t.rejects(
    connect({
      servers: two?.urls.nats ?? '',
      user: 'subscriber',
      pass: secrets.nats.subscriber,
      maxReconnectAttempts: 0,
    }),
    /Authorization/i,
    'with secrets of their own',
  )
})
