import { whileLeader } from '@colibri/event-log'
import { BootError, type ServiceKit } from '@colibri/service-kit'
import type { TradingConfig } from './config.ts'

/** What every trading process of one database asks Postgres' advisory locks for. */
export const LOCK = 'colibri trading, the only writer'

/**
 * Resolves once this process is the only trading process on its database, and keeps it so until the service stops: each
 * exchange account has exactly one writer. Another instance waits here, says why, and takes over when the first ends. One
 * that finds another in its place, after it had lost its connection, ends itself.
 */
export const becomeOnlyWriter = async ({
  pool,
  logger,
  background,
  onShutdown,
  giveUp,
}: ServiceKit<TradingConfig>): Promise<void> => {
  const stopping = new AbortController()
  const { promise: first, resolve } = Promise.withResolvers<void>()
  let state: 'waiting' | 'writer' = 'waiting'
  const running = whileLeader(
    pool,
    LOCK,
    {
      lead: (lost) => {
        if (state === 'waiting') logger.info('this is the only trading process')
        state = 'writer'
        resolve()
        return aborted(lost)
      },
      onOccupied: ({ name, who }) => {
        if (who === 'itself') return
        if (state === 'writer') giveUp(new BootError(`${name} trades in its place now: two must not trade at a time`))
        else
          logger.warn(`trading cannot run twice, as each exchange account has one writer: waiting until ${name} ends`)
      },
      onError: (error) => logger.warn({ err: error }, 'the lock of the only trading process'),
    },
    stopping.signal,
  )
  background('being the only trading process', running)
  onShutdown(async () => {
    stopping.abort()
    await running
  })
  await first
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
