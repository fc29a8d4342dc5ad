import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

export const askingSettings = z.object({
  databaseUrl: z.string(),
  nats: z.object({ servers: z.string(), user: z.string(), pass: z.string() }),
  instanceId: z.string(),
  restUrl: z.string(),
  limit: z.object({ cost: z.number(), windowMs: z.number() }).nullable(),
  timeoutMs: z.number(),
})
export type AskingSettings = z.infer<typeof askingSettings>

/** What a test and its replicas tell each other. */
export const told = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), text: z.string() }),
  z.object({ kind: z.literal('hammer'), what: z.enum(['prices', 'cancel']), ms: z.number() }),
  z.object({ kind: z.literal('hammered'), answered: z.number(), held: z.number() }),
  z.object({ kind: z.literal('ask') }),
  z.object({
    kind: z.literal('asked'),
    error: z.string().nullable(),
    until: z.number().nullable(),
    tookMs: z.number(),
  }),
  z.object({ kind: z.literal('order'), id: z.string() }),
  z.object({ kind: z.literal('ordered'), outcome: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('metrics') }),
  z.object({ kind: z.literal('measured'), text: z.string() }),
])
export type Told = z.infer<typeof told>

export interface AskingReplica {
  /** Rejects when the reply is of another kind. */
  tell<K extends Told['kind']>(order: Told, reply: K): Promise<Extract<Told, { kind: K }>>
  end(): Promise<void>
}

const message = z.object({ id: z.number(), told })

/** Starts a replica as a process of its own; resolves when it has opened its venue. */
export const askingReplica = async (settings: AskingSettings): Promise<AskingReplica> => {
  const child: ChildProcess = fork(fileURLToPath(new URL('./asking-process.js', import.meta.url)), {
    // The loaders of a test are not the replica's.
    execArgv: ['--enable-source-maps'],
    env: { PATH: process.env.PATH ?? '', ASKING: JSON.stringify(settings) },
  })
  const waiting = new Map<number, (reply: Told) => void>()
  child.on('message', (raw) => {
    const { id, told } = message.parse(raw)
    waiting.get(id)?.(told)
    waiting.delete(id)
  })
  let lastId = 0
  const reply = (id: number): Promise<Told> => new Promise((resolve) => waiting.set(id, resolve))
  const ended = once(child, 'exit')
  await Promise.race([
    reply(0),
    ended.then(([code]) => {
      throw new Error(`the replica ended with ${code}`)
    }),
  ])
  return {
    async tell<K extends Told['kind']>(order: Told, kind: K) {
      const id = ++lastId
      const answer = reply(id)
      child.send({ id, told: order })
      const got = await answer
      const isWanted = (one: Told): one is Extract<Told, { kind: K }> => one.kind === kind
      if (!isWanted(got)) throw new Error(`expected ${kind}: ${JSON.stringify(got)}`)
      return got
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await ended
    },
  }
}
