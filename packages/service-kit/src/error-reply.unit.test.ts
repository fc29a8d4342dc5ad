import { LogUnavailable, VersionConflict } from '@colibri/event-log'
import t from 'tap'
import { notFound, RpcError, unavailable, unprocessable } from './api-error.ts'
import { errorReply, rpcErrorReply } from './error-reply.ts'

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code })

t.test('one status per error', async (t) => {
  const rows: readonly (readonly [unknown, number, string])[] = [
    [notFound('no such order'), 404, 'no such order'],
    [unavailable('later'), 503, 'later'],
    [new RpcError('not-found', 'no connector', 'market-data', 'prices'), 404, 'no connector'],
    [new RpcError('invalid', 'bad pair', 'market-data', 'prices'), 400, 'bad pair'],
    [
      new RpcError('unavailable', 'market-data is not running', 'market-data', 'prices'),
      503,
      'market-data is not running',
    ],
    [new RpcError('internal', 'stack of somebody', 'market-data', 'prices'), 500, 'Internal Server Error'],
    [new VersionConflict('order-1', 1, 2), 503, 'Too many writers at once, try again'],
    [new LogUnavailable('append', coded('ECONNREFUSED')), 503, 'Event log unavailable'],
    [coded('ECONNREFUSED'), 503, 'Database unavailable'],
    [coded('57P01'), 503, 'Database unavailable'],
    [new Error('Connection terminated unexpectedly'), 503, 'Database unavailable'],
    [new Error('outer', { cause: coded('57P03') }), 503, 'Database unavailable'],
    [new AggregateError([coded('ECONNREFUSED')]), 503, 'Database unavailable'],
    [coded('23505'), 500, 'Internal Server Error'],
    [new Error('password=hunter2'), 500, 'Internal Server Error'],
    ['thrown text', 500, 'Internal Server Error'],
  ]
  for (const [error, status, detail] of rows) t.match(errorReply(error), { status, detail }, String(error))
  t.same(rpcErrorReply(notFound('no such')), { kind: 'not-found', message: 'no such' })
  t.same(rpcErrorReply(coded('ECONNREFUSED')), { kind: 'unavailable', message: 'Database unavailable' })
  t.same(rpcErrorReply(new Error('hunter2')), { kind: 'internal', message: 'Internal Server Error' })
})

t.test('a refusal names a hundred things at most', async (t) => {
  const items = Array.from({ length: 1_000 }, (_, n) => ({ type: 'x', loc: ['body', n], msg: 'x', input: n }))
  t.match(errorReply(unprocessable(items)), { status: 422, detail: items.slice(0, 100) })
  t.equal(errorReply(unprocessable(items)).detail.length, 100)
  t.same(errorReply(unprocessable(items.slice(0, 3))).detail, items.slice(0, 3))
})
