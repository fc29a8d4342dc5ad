import { pino } from 'pino'
import { ConfigError, readConfig } from './config.ts'
import { startEdge } from './edge.ts'
import { whenParentDies } from './parent.ts'

const fail = (error: unknown): never => {
  process.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `The gateway failed: ${String(error)}\n`)
  process.exit(1)
}

const run = async (): Promise<void> => {
  const config = readConfig(process.env)
  const logger = pino({ level: config.logLevel, base: { service: 'gateway' } })
  const edge = await startEdge(config, logger)

  let stopping = false
  const stop = (reason: string): void => {
    if (stopping) return
    stopping = true
    logger.info({ reason }, 'the edge stops')
    edge.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  if (config.parentPid !== undefined) whenParentDies(config.parentPid, () => stop('parent is gone'))
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a promise was left alone'))
}

run().catch(fail)
