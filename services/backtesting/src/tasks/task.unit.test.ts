import type { BacktestEvent, BacktestSpec } from '@colibri/contracts'
import fc from 'fast-check'
import t from 'tap'
import { type Task, type TaskCommand, TaskExists, taskDecider } from './task.ts'

const spec: BacktestSpec = {
  startTime: 0,
  endTime: 60,
  resolution: '1m',
  tradeCost: 0,
  mode: 'hummingbot',
  config: {},
  configName: null,
  uploads: [],
}
const submit: TaskCommand = { kind: 'submit', taskId: '00000000', spec }
const startBy = (instanceId: string): TaskCommand => ({ kind: 'start', instanceId })
const complete = (attempt: number): TaskCommand => ({
  kind: 'complete',
  result: { attempt, figures: {}, rows: 1, executors: 0, engineMs: 1 },
})
const fail = (attempt: number): TaskCommand => ({ kind: 'fail', attempt, error: 'broken' })
const remove: TaskCommand = { kind: 'delete', reason: 'asked' }

/** What these commands decide, one after the other. */
const run = (
  ...commands: readonly TaskCommand[]
): { readonly events: readonly BacktestEvent[]; readonly task: Task } => {
  let task = taskDecider.initialState
  const events: BacktestEvent[] = []
  for (const command of commands)
    for (const event of taskDecider.decide(command, task)) {
      events.push(event)
      task = taskDecider.evolve(task, event)
    }
  return { events, task }
}
const types = (...commands: readonly TaskCommand[]) => run(...commands).events.map(({ type }) => type)

t.test('a task is submitted, started, completed and deleted', async (t) => {
  t.same(types(submit, startBy('a'), complete(1), remove), [
    'BacktestSubmitted',
    'BacktestStarted',
    'BacktestCompleted',
    'BacktestDeleted',
  ])
  t.throws(() => run(submit, submit), TaskExists)
  t.throws(() => run(submit, remove, submit), TaskExists, 'an id is used once')
})

t.test('started again it is another attempt, and the one before has no say any more', async (t) => {
  const { events, task } = run(submit, startBy('a'), startBy('b'))
  t.same(events.at(-1), { type: 'BacktestStarted', data: { attempt: 2, instanceId: 'b' } })
  t.match(task, { status: 'running', attempt: 2 })
  t.same(types(submit, startBy('a'), startBy('b'), complete(1), fail(1)).length, 3)
  t.equal(types(submit, startBy('a'), startBy('b'), complete(2)).at(-1), 'BacktestCompleted')
})

t.test('what is over is not started, completed or failed', async (t) => {
  for (const end of [complete(1), fail(1)])
    t.equal(types(submit, startBy('a'), end, startBy('b'), complete(1), fail(1)).length, 3)
})

t.test('deleted before its end it is cancelled', async (t) => {
  t.same(types(submit, remove).slice(1), ['BacktestCancelled', 'BacktestDeleted'])
  t.same(types(submit, startBy('a'), remove, complete(1), fail(1), remove).slice(2), [
    'BacktestCancelled',
    'BacktestDeleted',
  ])
  t.same(types(remove), [])
})

t.test('whatever comes in whatever order, it ends once', async () => {
  const command = fc.oneof(
    fc.constantFrom('a', 'b').map(startBy),
    fc.integer({ min: 1, max: 3 }).map(complete),
    fc.integer({ min: 1, max: 3 }).map(fail),
    fc.constant(remove),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const { events } = run(submit, ...commands)
      const names = events.map(({ type }) => type)
      const ends = names.filter((name) => /Completed|Failed|Cancelled/.test(name))
      const end = names.findIndex((name) => /Completed|Failed|Cancelled/.test(name))
      const deleted = names.indexOf('BacktestDeleted')
      const attempts = events.flatMap((event) => (event.type === 'BacktestStarted' ? [event.data.attempt] : []))
      return (
        ends.length <= 1 &&
        (end < 0 || names.slice(end + 1).every((name) => name === 'BacktestDeleted')) &&
        (deleted < 0 || deleted === names.length - 1) &&
        attempts.every((attempt, n) => attempt === n + 1)
      )
    }),
  )
})
