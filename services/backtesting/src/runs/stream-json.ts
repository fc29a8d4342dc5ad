import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'

/** Answers with JSON that is too long to be held as one; an error before its first piece is thrown as any other. */
export const streamJson = (response: Response, text: AsyncGenerator<string>): Promise<void> =>
  streamText(response, 'json', text)

/** The same for another type of text, such as `csv`. */
export const streamText = async (response: Response, type: string, text: AsyncGenerator<string>): Promise<void> => {
  const first = await text.next()
  response.status(200).type(type)
  await pipeline(Readable.from(whole(first, text), { objectMode: true, highWaterMark: 1 }), response).catch(
    (error: unknown) => {
      if (!isGone(error)) throw error
    },
  )
}

async function* whole(first: IteratorResult<string>, rest: AsyncIterable<string>): AsyncGenerator<string> {
  if (first.done === true) return
  yield first.value
  yield* rest
}

/** The client left before the end. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
