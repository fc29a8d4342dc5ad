import { Readable } from 'node:stream'
import { createGzip, zstdCompressSync } from 'node:zlib'
import { answerParts, type BacktestResult, backtestAnswer, type Candles } from '@colibri/strategy'
import { equityChunks } from './equity.ts'
import type { AnswerChunk, AnswerForm } from './job.ts'
import { CHUNKS_AHEAD, type FromWorker, type JobMessage, type ToWorker } from './messages.ts'
import { describeController, runJob } from './run-job.ts'
import { shutIn } from './sandbox.ts'

/**
 * The program of a worker process: it is sent candles and jobs and sends back progress, answers and outcomes. It reads
 * nothing and speaks to nobody but its owner, and ends when its owner does.
 */
const parent = process
/** Compressed, a chunk is a row of some ten kilobytes. */
const CHUNK_CHARACTERS = 1 << 19
const ZIPPED_BYTES = 1 << 17

parent.once('disconnect', () => parent.exit(0))
shutIn()

const series = new Map<string, Candles>()
let underway = 0
let goOn: () => void = () => undefined

const say = (message: FromWorker): void => {
  parent.send?.(message)
}

/** Sends a chunk, once few enough are on their way. */
const deliver = async (chunk: AnswerChunk): Promise<void> => {
  while (underway >= CHUNKS_AHEAD)
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
  underway += 1
  say({ type: 'chunk', chunk })
}

/** Pieces joined to chunks of a good size; one chunk never holds two parts. */
function* chunksOf(
  pieces: Iterable<readonly [AnswerChunk['part'], string]>,
): Generator<readonly [AnswerChunk['part'], string]> {
  let current: AnswerChunk['part'] | undefined
  let text = ''
  for (const [part, piece] of pieces) {
    if (current !== undefined && (part !== current || text.length >= CHUNK_CHARACTERS)) {
      if (text !== '') yield [current, text]
      text = ''
    }
    current = part
    text += piece
  }
  if (current !== undefined && text !== '') yield [current, text]
}

function* asOneText(result: BacktestResult): Generator<readonly ['whole', string]> {
  for (const piece of backtestAnswer(result)) yield ['whole', piece]
}

const answer = async (result: BacktestResult, form: AnswerForm): Promise<void> => {
  switch (form) {
    case 'none':
      return
    case 'json':
      for (const [part, text] of chunksOf(asOneText(result))) await deliver({ part, bytes: Buffer.from(text) })
      return
    case 'gzip': {
      const text = Readable.from(backtestAnswer(result))
      const zipped = text.pipe(createGzip({ level: 1, chunkSize: ZIPPED_BYTES }))
      text.once('error', (error) => zipped.destroy(error))
      for await (const bytes of zipped) await deliver({ part: 'whole', bytes })
      return
    }
    case 'stored':
      for (const [part, text] of chunksOf(answerParts(result))) await deliver({ part, bytes: zstdCompressSync(text) })
      for (const bytes of equityChunks(result)) await deliver({ part: 'equity', bytes })
      return
  }
}

const run = async (job: JobMessage): Promise<void> => {
  const ran = runJob(job, (id) => series.get(id), {
    progress: (progress) => say({ type: 'progress', progress }),
    stepping: (step) => say({ type: 'stepping', step }),
    stepped: () => say({ type: 'stepped' }),
  })
  if ('kind' in ran && ran.kind === 'interrupted') return say({ type: 'interrupted', step: ran.step })
  if ('result' in ran) await answer(ran.result, job.answer)
  // The last chunks have to have found their place.
  while (underway > 0)
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
  say({ type: 'ran', outcome: 'result' in ran ? ran.outcome : ran })
}

parent.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'series':
      series.set(message.id, message.candles)
      return
    case 'forget':
      series.delete(message.id)
      return
    case 'taken':
      underway -= 1
      goOn()
      return
    case 'describe': {
      const { controller, config, timeLimitMs } = message
      say({ type: 'described', description: describeController(controller, config, timeLimitMs) })
      return
    }
    case 'run':
      run(message.job).catch((error: unknown) => {
        const text = error instanceof Error ? error.message : String(error)
        say({ type: 'ran', outcome: { kind: 'failed', error: `The backtest broke off: ${text}` } })
      })
  }
})
say({ type: 'ready' })
