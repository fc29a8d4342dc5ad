import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresLog, rebuildProjection, tableDigests } from '@colibri/event-log'
import pg from 'pg'
import t from 'tap'
import { z } from 'zod'
import { tasksProjection } from './tasks/tasks.projection.ts'
import { ownController } from './testing/controllers.ts'
import { answerAsMarketData, minuteRows } from './testing/market.ts'
import { backtestingReplicas } from './testing/replicas.ts'
import { FIRST, good, own, ROWS, slowly, submitTo, taskSchema, taskWhen } from './testing/requests.ts'

t.test('tasks outlive the replicas that run them', { timeout: 240_000 }, async (t) => {
  const { nats, databaseUrl, start } = await backtestingReplicas(t, {
    'bots/controllers/generic/slow.ts': ownController('slow', slowly),
  })
  await answerAsMarketData(nats, minuteRows(ROWS))
  const log = await openPostgresLog({ url: databaseUrl })
  t.teardown(() => log.close())

  const dying = await start('dying', { BACKTEST_WORKERS: '1' })
  const kept = await submitTo(dying, good)
  t.match(await taskWhen(dying, kept, ['completed', 'failed']), { status: 'completed' })
  const result = (await dying.get(`/backtesting/tasks/${kept}`)).text

  let replica = dying
  await t.test('a task runs again when the service died while it ran', async (t) => {
    // Three seconds of work.
    const id = await submitTo(dying, { ...own('slow'), end_time: FIRST + 999 * 60 })
    for (let status = ''; status !== 'running'; await sleep(20))
      status = taskSchema.parse((await dying.get(`/backtesting/tasks/${id}`)).body).status
    dying.process.kill('SIGKILL')
    await dying.stop()
    replica = await start('heir', { BACKTEST_WORKERS: '1' })
    t.match(await taskWhen(replica, id, ['completed', 'failed']), { status: 'completed' })
    const events = await log.read(`backtest-${id}`)
    t.match(
      events.map(({ type, data }) => [type, data]),
      [
        ['BacktestSubmitted', {}],
        ['BacktestStarted', { attempt: 1, instanceId: 'dying' }],
        ['BacktestStarted', { attempt: 2, instanceId: 'heir' }],
        ['BacktestCompleted', { attempt: 2, rows: 1_000 }],
      ],
    )
  })

  await t.test(
    'a replica that is asked to stop gives its task to another at once, and nothing is forgotten',
    async (t) => {
      const long = await submitTo(replica, { ...own('slow'), end_time: FIRST + 1_999 * 60 })
      await taskWhen(replica, long, ['running'])
      const before = z.array(taskSchema).parse((await replica.get('/backtesting/tasks')).body)
      const other = await start('other', { BACKTEST_WORKERS: '1' })
      await replica.stop()
      t.match(await taskWhen(other, long, ['completed', 'failed']), { status: 'completed' })
      const [, , second] = await log.read(`backtest-${long}`)
      t.match(second, { type: 'BacktestStarted', data: { attempt: 2, instanceId: 'other' } })
      const after = z.array(taskSchema).parse((await other.get('/backtesting/tasks')).body)
      t.equal(after.length, 3)
      t.same(after.slice(0, -1), before.slice(0, -1))
      t.equal((await other.get(`/backtesting/tasks/${kept}`)).text === result, true, 'nor any result')
    },
  )

  await t.test('a rebuild gives the same rows, byte for byte', async (t) => {
    const pool = new pg.Pool({ connectionString: databaseUrl })
    t.teardown(() => pool.end())
    const before = await tableDigests(pool, tasksProjection, 'backtesting')
    await rebuildProjection(log, pool, tasksProjection, { schema: 'backtesting' })
    t.same(await tableDigests(pool, tasksProjection, 'backtesting'), before)
  })
})
