import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { CandleFileInvalid } from './candle-csv.ts'

/** Reads a file, gzipped or not. `progress` is told the share of its bytes that was read. Throws `CandleFileInvalid`. */
export const readCandleFile = async (
  file: string,
  progress: (share: number) => void,
  consume: (source: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> => {
  const { bytes, zipped } = await look(file)
  let read = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      read += chunk.length
      progress(read / bytes)
      done(null, chunk)
    },
  })
  await (zipped
    ? pipeline(createReadStream(file), count, createGunzip(), consume)
    : pipeline(createReadStream(file), count, consume)
  ).catch((error: unknown) => {
    throw isBadZip(error) ? new CandleFileInvalid(['the file is cut short or is no gzip file']) : error
  })
}

/** The lines of a text that comes in chunks, as many at a time as a chunk holds. */
export const linesIn = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield lines
  }
  if (rest !== '') yield [rest]
}

/** Size of a file, and whether it is gzipped by its first bytes: names lie. */
const look = async (file: string): Promise<{ readonly bytes: number; readonly zipped: boolean }> => {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return { bytes: size, zipped: buffer[0] === 0x1f && buffer[1] === 0x8b }
  } finally {
    await handle.close()
  }
}

const isBadZip = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
