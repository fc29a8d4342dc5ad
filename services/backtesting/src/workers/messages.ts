import type { Candles } from '@colibri/strategy'
import type {
  AnswerChunk,
  BacktestJob,
  ControllerSource,
  DescribedFeed,
  Description,
  Progress,
  RunOutcome,
  Series,
} from './job.ts'
import type { Step } from './words.ts'

/** A series that the worker has under its id. */
export type SeriesName = Omit<Series, 'candles'>

/** A job as it travels: its series were sent before. */
export interface JobMessage extends Omit<BacktestJob, 'candles' | 'feeds' | 'floors'> {
  readonly candles: SeriesName
  readonly feeds: readonly SeriesName[]
  readonly floors: NonNullable<BacktestJob['floors']>
  readonly timeLimitMs: number
}

/** What a worker is told. It does one thing at a time. */
export type ToWorker =
  | { readonly type: 'series'; readonly id: string; readonly candles: Candles }
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'run'; readonly job: JobMessage }
  | {
      readonly type: 'describe'
      readonly controller: ControllerSource
      readonly config: Readonly<Record<string, unknown>>
      readonly timeLimitMs: number
    }
  /** A chunk has found its place: another may follow. */
  | { readonly type: 'taken' }

/** What a worker says. */
export type FromWorker =
  | { readonly type: 'ready' }
  /** A user's controller begins a step: some times a second, unless one takes longer, and always its first row. */
  | { readonly type: 'stepping'; readonly step: Step }
  /** It has taken its last one. */
  | { readonly type: 'stepped' }
  /** It was interrupted, in this one. */
  | { readonly type: 'interrupted'; readonly step: Step }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'chunk'; readonly chunk: AnswerChunk }
  | { readonly type: 'ran'; readonly outcome: RunOutcome }
  | { readonly type: 'described'; readonly description: Description }

/** Chunks that may be on their way at once: one is made while another is stored. */
export const CHUNKS_AHEAD = 3

export const bytesOf = ({ timestamp, extra }: Candles): number => timestamp.byteLength * (6 + extra.size)

export const feedKey = ({ connector, pair, interval }: Pick<DescribedFeed, 'connector' | 'pair' | 'interval'>) =>
  `${connector} ${pair} ${interval}`
