import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { plainNode, testNats } from '@colibri/testkit'
import t, { type Test } from 'tap'
import { ask, until } from './testing/http.ts'
import { startPeer } from './testing/peer.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

interface Run {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  stdout(): string
  stderr(): string
}

const start = (t: Test, env: Record<string, string>): Run => {
  const child = spawn(...plainNode(main), {
    env: { PATH: '', EDGE_TOKEN: 'x', GATEWAY_PORT: '0', NATS_URL: 'nats://127.0.0.1:1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'close').then(() => child.exitCode)
  return { child, exit, stdout: () => stdout, stderr: () => stderr }
}

/** Where the process says that it listens. */
const urlOf = async (run: Run): Promise<string> => {
  await until('the edge listens', () => run.stdout().includes('the edge listens'))
  return /"url":"(http:[^"]+)"/.exec(run.stdout())?.[1] ?? ''
}

t.test('what cannot start says why in one sentence', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  t.teardown(() => busy.close())
  const address = busy.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const taken = start(t, { GATEWAY_PORT: String(port) })
  t.equal(await taken.exit, 1)
  t.equal(taken.stderr(), `Port ${port} on 127.0.0.1 is already in use; set GATEWAY_PORT to a free one.\n`)

  const open = start(t, { GATEWAY_HOST: '0.0.0.0' })
  t.equal(await open.exit, 1)
  t.equal(
    open.stderr(),
    'Refusing to listen on 0.0.0.0 with the default password; set PASSWORD (and USERNAME) or listen on 127.0.0.1.\n',
  )
  const wrong = start(t, { BODY_LIMIT: 'much' })
  t.equal(await wrong.exit, 1)
  t.match(wrong.stderr(), /^The gateway's configuration is wrong: BODY_LIMIT: .+\.\n$/)
})

t.test('a running request ends before the edge does', async (t) => {
  const nats = await testNats(t)
  let release = (): void => {}
  const peer = await startPeer(t, nats, 'trading', (_req, res) => {
    release = () => res.end('[]')
  })
  const env = { NATS_URL: nats.url, NATS_USER: nats.options.user, NATS_PASSWORD: nats.options.pass }
  const run = start(t, env)
  const url = await urlOf(run)
  await until('trading is ready', async () =>
    (await ask(url, { path: '/health/ready' })).text.includes('"trading":{"required":true,"ready":1'),
  )
  const answer = ask(url, { path: '/accounts', login: 'admin:admin' })
  await until('the service is asked', () => peer.received.length === 1)
  run.child.kill('SIGTERM')
  await until('the edge takes nothing new', () =>
    ask(url, { path: '/' }).then(
      () => false,
      () => true,
    ),
  )
  release()
  t.equal((await answer).text, '[]')
  t.equal(await run.exit, 0)
  t.notMatch(run.stdout(), /admin:admin|YWRtaW4/)
})

t.test('the edge ends with its parent', async (t) => {
  const parent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const run = start(t, { PARENT_PID: String(parent.pid) })
  await urlOf(run)
  parent.kill('SIGKILL')
  t.equal(await run.exit, 0)
})
