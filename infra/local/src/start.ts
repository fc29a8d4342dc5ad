import { portIsFree } from './free-port.ts'
import { openHome } from './home.ts'
import { type LaunchConfig, readLaunchConfig } from './launch-config.ts'
import { LaunchError } from './launch-error.ts'
import { watchParent } from './parent-watch.ts'
import { startSystem } from './system.ts'

export interface StartOptions {
  root: string
  env: Readonly<Record<string, string | undefined>>
  args: readonly string[]
  /** Where `.env` and a relative COLIBRI_HOME are looked for. */
  folder: string
  say: (line: string) => void
}

/** A second Ctrl-C ends everything at once; npm delivers the first one twice, so it only counts after a while. */
const IMPATIENT_MS = 1_000

/** Runs the whole system until a signal, or the end of the parent, and resolves when nothing of it is left. */
export const start = async (options: StartOptions): Promise<void> => {
  const config = readLaunchConfig(options.env, options.args, options.folder)
  const order = endOrder()
  const unlock = await openHome(config.home)
  try {
    await edgePortFree(config)
    options.say(`login          ${config.username} (${config.loginSource})`)
    const system = await startSystem({ root: options.root, config, say: options.say, aborted: order.end }).catch(
      (error: unknown) => {
        if (order.end.aborted && error === order.end.reason) return null
        throw error
      },
    )
    if (system === null) return
    options.say(`READY http://${config.edgeHost}:${config.edgePort}`)
    await happened(order.end)
    options.say('stopping')
    const stopped = system.stop()
    await Promise.race([stopped, happened(order.atOnce).then(() => system.kill())])
    await stopped
  } finally {
    unlock()
  }
}

const edgePortFree = async (config: LaunchConfig): Promise<void> => {
  if (await portIsFree(config.edgePort, config.edgeHost)) return
  throw new LaunchError(
    `Port ${config.edgePort} of ${config.edgeHost} is already in use; stop what listens there or set COLIBRI_PORT to another port.`,
  )
}

/** Aborts `end` on the first reason to end and `atOnce` when somebody insists. */
const endOrder = (): { end: AbortSignal; atOnce: AbortSignal } => {
  const end = new AbortController()
  const atOnce = new AbortController()
  let first = 0
  const ordered = (): void => {
    if (first === 0) {
      first = Date.now()
      end.abort(new Error('asked to end'))
    } else if (Date.now() - first > IMPATIENT_MS) atOnce.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ordered)
  watchParent(ordered)
  return { end: end.signal, atOnce: atOnce.signal }
}

const happened = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
