import { BACKTEST_PROGRESS, backtestProgress, backtestProgressSubject } from '@colibri/contracts'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Progress } from '../workers/job.ts'

/** How far running tasks are, whichever replica runs them. Not stored: whoever misses it hears the next. */
export interface TaskProgress {
  tell(taskId: string, progress: Progress): void
  of(taskId: string): Progress | undefined
  stop(): void
}

/** Whose replica has died is not heard of any more; neither is it kept for ever. */
const MOST = 500

export const followProgress = (nats: NatsConnection): TaskProgress => {
  const known = new Map<string, Progress>()
  const keep = (taskId: string, progress: Progress): void => {
    known.delete(taskId)
    known.set(taskId, progress)
    const [oldest] = known.keys()
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
  }
  const subscription = nats.subscribe(BACKTEST_PROGRESS, {
    callback: (error, message) => {
      if (error !== null) return
      const heard = backtestProgress.safeParse(parsed(message.string()))
      if (heard.success) keep(heard.data.taskId, heard.data)
    },
  })
  return {
    tell: (taskId, progress) => {
      keep(taskId, progress)
      // A connection that is just away takes nothing; the next one may pass.
      if (!nats.isClosed()) nats.publish(backtestProgressSubject(taskId), JSON.stringify({ taskId, ...progress }))
    },
    of: (taskId) => known.get(taskId),
    stop: () => subscription.unsubscribe(),
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
