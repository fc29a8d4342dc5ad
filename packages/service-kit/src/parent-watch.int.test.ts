import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { testNats, testPostgres } from '@colibri/testkit'
import t, { type Test } from 'tap'

const service = fileURLToPath(new URL('./testing/bare-service.js', import.meta.url))
/** A parent that starts the service, tells its process id and lets it be. */
const parentCode = `
  const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, [${JSON.stringify(service)}], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PARENT_PID: String(process.pid) },
  })
  process.stdout.write('pid ' + child.pid + '\\n')
  setInterval(() => {}, 1000)`

const environment = (databaseUrl: string, nats: { url: string; user: string; pass: string }) => ({
  PATH: process.env.PATH ?? '',
  DATABASE_URL: databaseUrl,
  NATS_URL: nats.url,
  NATS_USER: nats.user,
  NATS_PASSWORD: nats.pass,
  EDGE_TOKEN: 'token',
  COLIBRI_HOME: '.',
})

/** What a process and its children say, as far as it has come. */
const listening = (output: Readable) => {
  let text = ''
  output.on('data', (chunk) => {
    text += String(chunk)
  })
  return {
    said: () => text,
    until: async (pattern: RegExp): Promise<string> => {
      for (let found = pattern.exec(text); ; found = pattern.exec(text)) {
        if (found !== null) return found[1] ?? ''
        await once(output, 'data')
      }
    },
  }
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const parentOf = (t: Test, env: NodeJS.ProcessEnv): ChildProcess & { stdout: Readable } => {
  const parent = spawn(process.execPath, ['-e', parentCode], { stdio: ['ignore', 'pipe', 'inherit'], env })
  t.teardown(() => {
    parent.kill('SIGKILL')
  })
  return parent
}

/** A database that takes connections and says nothing. */
const silentDatabase = async (t: Test) => {
  const server = createServer()
  const asked = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `postgres://nobody@127.0.0.1:${address.port}/nothing`, asked }
}

t.test('a running service ends when the process that started it is killed', async (t) => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const parent = parentOf(t, environment(postgres.url, { ...nats.options, url: nats.url }))
  const { until } = listening(parent.stdout)
  const pid = Number(await until(/pid (\d+)\n/))
  await until(/"ready"/)
  t.equal(lives(pid), true)
  parent.kill('SIGKILL')
  while (lives(pid)) await sleep(20)
  t.pass('it is gone')
})

t.test('so does one that is still starting, before it gives up by itself', async (t) => {
  const [nats, database] = await Promise.all([testNats(t), silentDatabase(t)])
  const parent = parentOf(t, environment(database.url, { ...nats.options, url: nats.url }))
  const { said, until } = listening(parent.stdout)
  const pid = Number(await until(/pid (\d+)\n/))
  await database.asked
  parent.kill('SIGKILL')
  while (lives(pid)) await sleep(20)
  t.notMatch(said(), /did not answer/)
})

t.test('one that is still starting ends at once when it is asked to', async (t) => {
  const [nats, database] = await Promise.all([testNats(t), silentDatabase(t)])
  const env = environment(database.url, { ...nats.options, url: nats.url })
  const child = spawn(process.execPath, [service], { stdio: 'ignore', env })
  t.teardown(() => {
    child.kill('SIGKILL')
  })
  await database.asked
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})
