import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import t from 'tap'
import { testNats, testPostgres } from './index.ts'

const query = async (url: string, sql: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

t.test('a killed Postgres comes back with every committed row', async (t) => {
  const postgres = await testPostgres(t)
  await query(postgres.url, 'CREATE TABLE kept (n int)')
  await query(postgres.url, 'INSERT INTO kept VALUES (1), (2)')
  await postgres.kill()
  await t.rejects(query(postgres.url, 'SELECT 1'))
  await postgres.restart()
  t.same((await query(postgres.url, 'SELECT n FROM kept ORDER BY n')).rows, [{ n: 1 }, { n: 2 }])
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    t.equal((await query(postgres.url, `SHOW ${setting}`)).rows[0][setting], 'on')
  }
})

t.test('Postgres refuses whoever does not know the password', async (t) => {
  const postgres = await testPostgres(t)
  const url = new URL(postgres.url)
  url.password = 'guess'
  await t.rejects(query(url.href, 'SELECT 1'), { code: '28P01' })
})

t.test('a killed NATS comes back with every acknowledged message', async (t) => {
  const nats = await testNats(t)
  const first = await connect(nats.options)
  await (await jetstreamManager(first)).streams.add({ name: 'KEPT', subjects: ['kept.>'] })
  await jetstream(first).publish('kept.a', 'one')
  await first.close()
  await nats.kill()
  await nats.restart()
  const second = await connect(nats.options)
  const info = await (await jetstreamManager(second)).streams.info('KEPT')
  t.equal(info.state.messages, 1)
  await second.close()
})

t.test('NATS users may use their own subjects only', async (t) => {
  const nats = await testNats(t, {
    users: [{ user: 'reader', password: 'r', permissions: { publish: [], subscribe: ['market.>'] } }],
  })
  const connection = await connect(nats.options)
  const refused = new Promise<Error>((resolve) => {
    connection.subscribe('secrets.>', {
      callback: (error) => {
        if (error !== null) resolve(error)
      },
    })
  })
  t.match((await refused).message, /Permissions Violation/)
  await connection.close()
  await t.rejects(connect({ servers: nats.url }), /Authorization/i)
})

t.test('a killed test process leaves no server and no folder', async (t) => {
  const script = `
    import { testNats, testPostgres } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)}
    const t = { teardown() {} }
    const [nats, postgres] = await Promise.all([testNats(t), testPostgres(t)])
    console.log(JSON.stringify([nats.pid(), postgres.pid(), process.env.TMPDIR]))
    setInterval(() => {}, 1000)`
  const folder = t.testdir({})
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [nats, postgres]: [number, number] = await new Promise((resolve) =>
    child.stdout.once('data', (chunk) => resolve(JSON.parse(String(chunk)))),
  )
  t.ok(alive(nats) && alive(postgres))
  child.kill('SIGKILL')
  const left = () => alive(nats) || alive(postgres) || holdsAnything(folder)
  for (let tries = 0; tries < 200 && left(); tries++) await sleep(50)
  t.notOk(alive(nats))
  t.notOk(alive(postgres))
  t.notOk(holdsAnything(folder))
})

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const holdsAnything = (folder: string): boolean => readdirSync(folder).length > 0
