import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from './free-port.ts'
import { choosePorts } from './ports.ts'

const noted = (home: string): unknown => JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8'))

t.test('ports are those of the run before, as far as they are free', async (t) => {
  const home = t.testdir()
  const first = await choosePorts(home)
  t.same(noted(home), first)
  t.same(await choosePorts(home), first)

  const other = createServer().listen(first.nats, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { nats, ...rest } = await choosePorts(home)
  t.not(nats, first.nats)
  t.match(first, rest)
  t.same(noted(home), { nats, ...rest })
})

t.test('no two of them are the same, whatever was noted', async (t) => {
  const home = t.testdir()
  const one = await freePort()
  writeFileSync(join(home, 'ports.json'), JSON.stringify({ nats: one, mqtt: one, postgres: one, simulator: one }))
  const ports = Object.values(await choosePorts(home))
  t.equal(ports[0], one)
  t.equal(new Set(ports).size, 4)
  t.notOk(Object.values(await choosePorts(home, [one])).includes(one), 'nor one that is spoken for')
})

t.test('what was noted and is no list of ports is not used', async (t) => {
  const home = t.testdir({ 'ports.json': '{"nats": 4222}' })
  const ports = await choosePorts(home)
  t.same(noted(home), ports)
})
