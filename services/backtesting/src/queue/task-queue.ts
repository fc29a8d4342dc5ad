import { setTimeout as sleep } from 'node:timers/promises'
import { BACKTEST_QUEUE, BACKTEST_QUEUE_SUBJECTS, backtestQueued, backtestQueueSubject } from '@colibri/contracts'
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JsMsg,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/nats-core'

/** A stream of messages with one subject for each thing that waits. */
export interface QueueNames {
  readonly stream: string
  readonly subjects: string
  readonly subjectOf: (id: string) => string
  /** What is said of it there, and whose id that has; undefined for what is no such thing. */
  readonly messageOf: (id: string) => object
  readonly idIn: (message: unknown) => string | undefined
}

export const TASKS: QueueNames = {
  stream: BACKTEST_QUEUE,
  subjects: BACKTEST_QUEUE_SUBJECTS,
  subjectOf: backtestQueueSubject,
  messageOf: (taskId) => ({ taskId }),
  idIn: (message) => backtestQueued.safeParse(message).data?.taskId,
}

export interface TaskQueueOptions {
  readonly names: QueueNames
  readonly nats: NatsConnection
  /** Tasks run at once by this replica. */
  readonly places: number
  /** Runs a task; `again`: somebody else is to do it, soon. */
  readonly work: (id: string) => Promise<'done' | 'again'>
  readonly report: (error: unknown, what: string) => void
}

/** Where tasks wait until a replica has run them to their end. All replicas take from it, each as much as it can run. */
export interface TaskQueue {
  /** A task that waits already waits once. */
  add(id: string): Promise<void>
  /** Takes and runs tasks until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const CONSUMER = 'workers'
/** Whoever has said nothing for so long is dead, and the task goes to another. */
const ACK_WAIT_MS = 10_000
const WORKING_MS = 2_500
/** How long one question for work stands. */
const ASK_MS = 20_000
const AGAIN_MS = 1_000
const CALL_MS = 3_000
const RETRY_MS = 1_000

export const openTaskQueue = ({ names, nats, places, work, report }: TaskQueueOptions): TaskQueue => {
  const client = jetstream(nats, { timeout: CALL_MS })
  let ready: Promise<void> | undefined

  const create = async (): Promise<void> => {
    const manager = await jetstreamManager(nats, { checkAPI: false, timeout: CALL_MS })
    await manager.streams.add({
      name: names.stream,
      subjects: [names.subjects],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
    })
    await manager.consumers.add(names.stream, {
      durable_name: CONSUMER,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_deliver: -1,
    })
  }
  /** A stream that was lost with its server is made anew. */
  const open = (): Promise<void> => {
    ready ??= create().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return ready
  }

  const handle = async (message: JsMsg): Promise<void> => {
    const id = names.idIn(parsed(message.string()))
    if (id === undefined) {
      message.term('this is no task')
      return
    }
    const working = setInterval(() => message.working(), WORKING_MS)
    try {
      if ((await work(id)) === 'done') message.ack()
      else message.nak()
    } catch (error) {
      report(error, `running ${id} of ${names.stream}`)
      message.nak(AGAIN_MS)
    } finally {
      clearInterval(working)
    }
  }

  const lane = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await open()
        const consumer = await client.consumers.get(names.stream, CONSUMER)
        while (!signal.aborted) {
          const message = await untilAborted(consumer.next({ expires: ASK_MS }), signal)
          if (message !== null) await handle(message)
        }
      } catch (error) {
        if (signal.aborted) return
        ready = undefined
        report(error, `asking for work of ${names.stream}`)
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  return {
    add: async (id) => {
      try {
        await open()
        await client.publish(names.subjectOf(id), JSON.stringify(names.messageOf(id)), { timeout: CALL_MS })
      } catch (error) {
        if (error instanceof JetStreamApiError && /per subject/.test(error.message)) return
        ready = undefined
        throw error
      }
    },
    run: async (signal) => {
      await Promise.all(Array.from({ length: places }, () => lane(signal)))
    },
  }
}

/** Null as well when the signal aborts: what is delivered afterwards goes to somebody else, once nobody has taken it. */
const untilAborted = async (next: Promise<JsMsg | null>, signal: AbortSignal): Promise<JsMsg | null> => {
  const { promise, resolve } = Promise.withResolvers<null>()
  const stop = (): void => resolve(null)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const message = await Promise.race([next, promise])
    if (message === null)
      next.then(
        (late) => late?.nak(),
        () => undefined,
      )
    return message
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
