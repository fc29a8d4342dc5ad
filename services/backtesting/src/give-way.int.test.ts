import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { plainChildren } from '@colibri/testkit'
import t, { type Test } from 'tap'
import { giveWay } from './give-way.ts'
import { procStat } from './proc-stat.ts'
import { startWorker } from './workers/worker-process.ts'

plainChildren()

const WORK = 'const until = Date.now() + 200; while (Date.now() < until) {}; console.log(0); for (;;) {}'

/** A process that has been at work for a moment, and goes on. */
const busy = async (t: Test, detached: boolean): Promise<number> => {
  const child = spawn(process.execPath, ['-e', WORK], { stdio: ['ignore', 'pipe', 'ignore'], detached })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  if (child.pid === undefined) throw new Error('the process did not start')
  return child.pid
}

/** The number of a process that has ended. */
const gone = async (): Promise<number> => {
  const child = spawn('true')
  await once(child, 'close')
  return child.pid ?? 0
}

const prioritiesOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map((tid) => getPriority(Number(tid)))
const groupOf = (pid: number): string | undefined => {
  const file = `/proc/${pid}/autogroup`
  return existsSync(file) ? /nice (-?\d+)/.exec(readFileSync(file, 'utf8'))?.[1] : undefined
}

const elsewhere = process.platform === 'linux' ? false : 'a priority of each thread is Linux’s'

t.test('every thread of a process gives way, and nobody else', { skip: elsewhere }, async (t) => {
  const [nice, group] = [getPriority(), groupOf(process.pid)]
  const pid = await busy(t, false)
  await giveWay(pid, nice + 3)
  const priorities = prioritiesOf(pid)
  t.ok(priorities.length > 1, `${priorities.length} threads`)
  t.same(new Set(priorities), new Set([nice + 3]))
  t.equal(getPriority(), nice)
  t.equal(groupOf(pid), group, 'it is not alone in its session')
})

t.test('one with a session of its own gives way as a whole', { skip: elsewhere }, async (t) => {
  const group = groupOf(process.pid)
  const pid = await busy(t, true)
  await giveWay(pid, 7)
  t.same(new Set(prioritiesOf(pid)), new Set([7]))
  if (group === undefined) return t.comment('this Linux does not group sessions')
  t.equal(groupOf(pid), '7')
  t.equal(groupOf(process.pid), group)
})

t.test('what Linux tells of a process', { skip: elsewhere }, async (t) => {
  const pid = await busy(t, true)
  const first = procStat(pid)
  t.match(first, { state: 'R', session: pid })
  t.ok((first?.ranMs ?? 0) >= 50, `${first?.ranMs} ms`)
  t.equal(procStat(await gone()), undefined)
})

t.test('to give way to a process that is gone is nothing', async (t) => {
  await t.resolves(giveWay(await gone(), 5))
})

t.test('a worker gives way from its start', { skip: elsewhere }, async (t) => {
  const worker = startWorker({ memoryMb: 64, purpose: 'trials' })
  t.teardown(() => worker.kill())
  await new Promise((resolve) => worker.onMessage(resolve))
  t.same(new Set(prioritiesOf(worker.pid)), new Set([10]))
  if (groupOf(worker.pid) === undefined) return t.comment('this Linux does not group sessions')
  // It may have to be said again.
  for (const until = Date.now() + 5_000; groupOf(worker.pid) !== '10' && Date.now() < until; ) await sleep(50)
  t.equal(groupOf(worker.pid), '10')
})
