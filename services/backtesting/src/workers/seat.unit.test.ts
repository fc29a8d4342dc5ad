import { mock } from 'node:test'
import t from 'tap'
import { CandleColumns } from '../candles/candle-rows.ts'
import type { BacktestJob } from './job.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { createSeat } from './seat.ts'
import type { Ran } from './stall-watch.ts'
import type { WorkerEnd } from './worker-process.ts'

const market = { connector_name: 'a', trading_pair: 'B-C' }
const job: BacktestJob = {
  controller: { kind: 'own', type: 'generic', name: 'deaf', source: '' },
  config: {},
  market,
  candles: { id: 'minutes', connector: 'a', pair: 'B-C', interval: '1m', candles: new CandleColumns(6).done() },
  feeds: [],
  window: { from: 0, to: 1 },
  rules: undefined,
  tradeCost: 0,
  mode: 'hummingbot',
  answer: 'none',
}

/** A worker that does what it is told to do here, and ends when it is killed. */
const scripted = (on: { run: () => FromWorker; interrupt?: () => FromWorker; ran?: () => Ran }) => {
  const told: string[] = []
  const ended = Promise.withResolvers<WorkerEnd>()
  let hear: (message: FromWorker) => void = () => undefined
  const worker = {
    pid: 1,
    send: ({ type }: ToWorker) => {
      if (type === 'run') hear(on.run())
    },
    onMessage: (listener: (message: FromWorker) => void) => {
      hear = listener
    },
    watch: () => undefined,
    ran: () => on.ran?.(),
    leave: () => undefined,
    interrupt: () => {
      told.push('interrupt')
      const answer = on.interrupt?.()
      if (answer !== undefined) hear(answer)
    },
    kill: () => {
      told.push('kill')
      ended.resolve({ kind: 'ended', how: 'was killed by SIGKILL' })
    },
    ended: ended.promise,
  }
  return { worker, told }
}

t.test('a worker that stands still is interrupted, and killed when it does not hear', async (t) => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const limits = { idleMs: 60_000, stallMs: 10_000 }

  const step = { kind: 'row', row: 7, time: 60 } as const
  const deaf = scripted({ run: () => ({ type: 'stepping', step }) })
  const seat = createSeat(deaf.worker, limits, () => undefined)
  const outcome = seat.run(job, 300_000, undefined, {})
  mock.timers.tick(9_999)
  t.same(deaf.told, [])
  mock.timers.tick(1)
  t.same(deaf.told, ['interrupt'])
  mock.timers.tick(3_000)
  t.same(deaf.told, ['interrupt', 'kill'])
  t.same(await outcome, { kind: 'failed', error: 'Controller generic/deaf stood still for more than 10 s' })
  t.notOk(seat.idle())

  const before = { kind: 'before' } as const
  const hearing = scripted({
    run: () => ({ type: 'stepping', step: before }),
    interrupt: () => ({ type: 'interrupted', step: before }),
  })
  const told = createSeat(hearing.worker, limits, () => undefined).run(job, 300_000, undefined, {})
  mock.timers.tick(49_999)
  t.same(hearing.told, [], 'there is more to be done before the first row')
  mock.timers.tick(1)
  t.match(await told, { kind: 'failed', error: /for more than 50 s before its first row$/ })
  t.same(hearing.told, ['interrupt', 'kill'], 'it may have left anything behind')

  const other = scripted({ run: () => ({ type: 'interrupted', step }) })
  t.match(await createSeat(other.worker, limits, () => undefined).run(job, 300_000, undefined, {}), {
    kind: 'failed',
    error: /broke off: its process was interrupted$/,
  })
})

t.test('a worker that gets no processor is waited for', async (t) => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const step = { kind: 'row', row: 7, time: 60 } as const
  let ms = 0
  const starved = scripted({ run: () => ({ type: 'stepping', step }), ran: () => ({ ms, wantsMore: true }) })
  const seat = createSeat(starved.worker, { idleMs: 60_000, stallMs: 10_000 }, () => undefined)
  const outcome = seat.run(job, 300_000, undefined, {})
  mock.timers.tick(200_000)
  t.same(starved.told, [])
  for (let n = 0; n < 10; n += 1) {
    ms += 1_000
    mock.timers.tick(1_000)
  }
  t.same(starved.told, ['interrupt'], 'once it has had one for so long')
  mock.timers.tick(3_000)
  t.match(await outcome, { error: 'Controller generic/deaf stood still for more than 10 s' })
})
