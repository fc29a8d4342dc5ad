import t from 'tap'
import { runInContext } from './context.ts'
import { createLogger, nestLogger } from './logger.ts'

const capture = () => {
  const lines: string[] = []
  const logger = createLogger({ service: 's', instanceId: 'i', level: 'debug' }, { write: (line) => lines.push(line) })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') }
}

t.test('secrets are replaced before a line is written', async (t) => {
  const { logger, lines } = capture()
  logger.info(
    {
      authorization: 'Basic SECRET',
      headers: { authorization: 'Basic SECRET', 'x-colibri-edge-token': 'SECRET' },
      account: { credentials: { api_key: 'SECRET' } },
      request: { body: { api_secret: 'SECRET', passphrase: 'SECRET' } },
    },
    'one',
  )
  t.notMatch(lines.join(''), /SECRET/)
  t.match(lines.join(''), /\[redacted\]/)
  logger.error({ err: Object.assign(new Error('boom'), { config: { password: 'SECRET' }, code: 'E1' }) }, 'two')
  t.notMatch(lines.join(''), /SECRET/)
  t.match(lines.at(-1), /"code":"E1"/)
})

t.test('a line carries the ids of its request, Nest speaks through the same logger', async (t) => {
  const { logger, last } = capture()
  runInContext({ requestId: 'r1', correlationId: 'c1', actor: 'user:a' }, () => logger.info('hello'))
  t.match(last(), {
    level: 'info',
    service: 's',
    instanceId: 'i',
    requestId: 'r1',
    correlationId: 'c1',
    message: 'hello',
  })
  nestLogger(logger).error(new Error('nest'), 'Injector')
  t.match(last(), { level: 'error', context: 'Injector', message: 'nest' })
})
