import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import pg from 'pg'
import { z } from 'zod'
import type { Colibri } from '../colibri.ts'

/** A text that somebody or something could read, and where. */
export interface Place {
  readonly name: string
  readonly content: Buffer | string
}

const secretsFile = z.object({ nats: z.record(z.string(), z.string()) })

const login = async (colibri: Colibri, user: string): Promise<NatsConnection> => {
  const { urls } = await colibri.run()
  const { nats } = secretsFile.parse(JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')))
  return connect({ servers: urls.nats ?? '', user, pass: nats[user] ?? '' })
}

/** Every file of the installation but the exchange simulator's own: a venue knows the keys it gave out. */
async function* files(home: string): AsyncGenerator<Place> {
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(join(home, 'simulator'))) continue
    // Files of the database come and go.
    const content = await readFile(path).catch(() => undefined)
    if (content !== undefined) yield { name: `file ${path.slice(home.length + 1)}`, content }
  }
}

/** Every row of the event log and of all read models. */
async function* tables(databaseUrl: string): AsyncGenerator<Place> {
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    const { rows } = await database.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    for (const { name } of rows) {
      const found = await database.query<{ text: string }>(`select t::text as text from ${name} t`)
      yield { name: `table ${name}`, content: found.rows.map(({ text }) => text).join('\n') }
    }
  } finally {
    await database.end()
  }
}

/** Every copy of an event on NATS. */
async function* eventCopies(nats: NatsConnection): AsyncGenerator<Place> {
  const consumer = await jetstream(nats).consumers.get('EVENTS', { filter_subjects: ['events.>'] })
  let left = (await consumer.info()).num_pending
  while (left > 0) {
    let got = 0
    for await (const message of await consumer.fetch({ max_messages: Math.min(left, 1_000), expires: 5_000 })) {
      got += 1
      yield {
        name: `NATS ${message.subject}`,
        content: `${message.subject} ${message.headers ?? ''} ${message.string()}`,
      }
    }
    if (got === 0) throw new Error(`${left} copies of events were not delivered`)
    left -= got
  }
}

const announced = z.object({ service: z.string(), url: z.string() })

/** Metrics of the edge and of each service. */
async function* metrics(edge: string, nats: NatsConnection): AsyncGenerator<Place> {
  const urls = new Map([['gateway', edge]])
  const heard = nats.subscribe('instances.*', {
    callback: (_error, message) => {
      const one = announced.safeParse(message.subject === 'instances.query' ? undefined : message.json())
      if (one.success) urls.set(one.data.service, one.data.url)
    },
  })
  const deadline = Date.now() + 60_000
  while (urls.size < 7 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
  heard.unsubscribe()
  if (urls.size < 7) throw new Error(`only ${[...urls.keys()]} announced themselves`)
  for (const [service, url] of urls) {
    const reply = await fetch(`${url}/metrics`)
    if (!reply.ok) throw new Error(`metrics of ${service}: ${reply.status}`)
    yield { name: `metrics of ${service}`, content: await reply.text() }
  }
}

/** The launcher and everything it started. */
const processesOf = async (launcher: number): Promise<readonly number[]> => {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : ''
    const parent = /^.*\) \S (\d+)/s.exec(stat)?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const found = [launcher]
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child)
  return found
}

/** What the machine's list of processes shows of them, and their environments; nothing where there is no `/proc`. */
async function* processes(launcher: number): AsyncGenerator<Place> {
  const pids = await processesOf(launcher).catch(() => [])
  for (const pid of pids)
    for (const part of ['cmdline', 'environ']) {
      const content = await readFile(`/proc/${pid}/${part}`).catch(() => undefined)
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      if (content !== undefined)
        yield { name: `${part} of ${pid} ${command.replaceAll('\0', ' ').slice(-60)}`, content }
    }
}

/** Everywhere a secret could turn up that was given to a running Colibri. */
export async function* hidingPlaces(colibri: Colibri): AsyncGenerator<Place> {
  const { urls } = await colibri.run()
  const [subscriber, launcher] = await Promise.all([login(colibri, 'subscriber'), login(colibri, 'launcher')])
  try {
    yield* tables(urls.postgres ?? '')
    yield* eventCopies(subscriber)
    yield* metrics(colibri.url, launcher)
    yield* processes(colibri.launcher.pid ?? 0)
    yield* files(colibri.home)
  } finally {
    await Promise.all([subscriber.close(), launcher.close()])
  }
}

/** A word as it is, in hex, and in base64 wherever it begins in a longer text. */
const formsOf = (word: string): readonly string[] => [
  word,
  Buffer.from(word).toString('hex'),
  ...[0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${' '.repeat(before)}${word}`).toString('base64')
    // The ends depend on the neighbours.
    return encoded.slice(before === 0 ? 0 : 4, -4)
  }),
]

/** Where which word was found. */
export const hits = (place: Place, words: readonly string[]): readonly string[] =>
  words
    .filter((word) => formsOf(word).some((form) => place.content.includes(form)))
    .map((word) => `${word}: ${place.name}`)
