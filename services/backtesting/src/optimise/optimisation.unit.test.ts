import type { OptimisationEvent, OptimisationSpec } from '@colibri/contracts'
import t from 'tap'
import { knownFrom, type OptimisationCommand, optimisationDecider, optimisationFrom } from './optimisation.ts'

const spec: OptimisationSpec = {
  backtest: {
    startTime: 0,
    endTime: 1,
    resolution: '1m',
    tradeCost: 0,
    mode: 'hummingbot',
    config: {},
    configName: null,
    uploads: [],
  },
  parameters: { x: [1] },
  method: 'grid',
  trials: 1,
  seed: 0,
  round: 8,
  objective: 'net_pnl',
  direction: 'maximize',
  constraints: [],
  pruning: null,
  walkForward: null,
}
const submitted: OptimisationEvent = { type: 'OptimisationSubmitted', data: { optimisationId: 'a', spec, trials: 1 } }
const started: OptimisationEvent = { type: 'OptimisationStarted', data: { instanceId: 'i' } }
const cancelled: OptimisationEvent = { type: 'OptimisationCancelled', data: {} }
const completed: OptimisationEvent = { type: 'OptimisationCompleted', data: {} }
const deleted: OptimisationEvent = { type: 'OptimisationDeleted', data: {} }

const decided = (given: readonly OptimisationEvent[], when: OptimisationCommand) =>
  optimisationDecider.decide(when, optimisationFrom(given))

t.test('it starts once, whoever goes on with it', async (t) => {
  t.same(decided([submitted], { kind: 'start', instanceId: 'i' }), [started])
  t.same(decided([submitted, started], { kind: 'start', instanceId: 'other' }), [])
  t.same(decided([], { kind: 'start', instanceId: 'i' }), [])
})

t.test('it is over once', async (t) => {
  t.same(decided([submitted, started], { kind: 'complete' }), [completed])
  t.same(decided([submitted, started], { kind: 'fail', error: 'x' }), [
    { type: 'OptimisationFailed', data: { error: 'x' } },
  ])
  for (const end of [completed, cancelled]) {
    t.same(decided([submitted, started, end], { kind: 'complete' }), [])
    t.same(decided([submitted, started, end], { kind: 'fail', error: 'x' }), [])
    t.same(decided([submitted, started, end], { kind: 'start', instanceId: 'i' }), [])
  }
})

t.test('cancelled while it is not over, forgotten after that, once', async (t) => {
  const remove = { kind: 'cancel-or-delete' } as const
  t.same(decided([submitted], remove), [cancelled])
  t.same(decided([submitted, started], remove), [cancelled])
  t.same(decided([submitted, started, cancelled], remove), [deleted])
  t.same(decided([submitted, completed], remove), [deleted])
  t.same(decided([submitted, completed, deleted], remove), [])
  t.same(decided([], remove), [])
})

t.test('a repeated submission is the same one', async (t) => {
  t.same(decided([submitted], { kind: 'submit', optimisationId: 'a', spec, trials: 1 }), [])
})

t.test('what is in the log need not be run again', async (t) => {
  const outcome = { state: 'failed', error: 'x' } as const
  const trial = { window: 1, number: 2, parameters: { x: 1 }, outcome, figures: null }
  t.same(
    knownFrom([
      { type: 'TrialFinished', data: { ...trial, curve: [1, 2] } },
      { type: 'WindowTested', data: trial },
    ]),
    { trials: [{ ...trial, curve: [1, 2] }], tested: new Set([1]) },
  )
  t.throws(() => knownFrom([{ type: 'OptimisationStarted', data: {} }]), /is not an event of a trial/)
})
