import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { SealHead } from './seal.ts'

/**
 * The heads of the chain of seals, written where whoever can write the database cannot: one line a seal, `<number>
 * <position> <sha256> <time>`, only ever appended to.
 */
export type Anchor = SealHead

/** The file's name, in COLIBRI_HOME. */
export const SEALS_FILE = 'seals.log'

const TAIL_BYTES = 4_096
const line = /^(\d+) (\d+\/\d+) ([0-9a-f]{64}) \S+$/

const parse = (text: string): Anchor | undefined => {
  const [, number, position, hash] = line.exec(text) ?? []
  if (number === undefined || position === undefined || hash === undefined) return undefined
  return { number: Number(number), position, hash }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** The last whole line of the file; undefined when there is none. */
export const lastAnchor = async (path: string): Promise<Anchor | undefined> => {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const length = Math.min(size, TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    return lines.map(parse).findLast((anchor) => anchor !== undefined)
  } finally {
    await file.close()
  }
}

/** Appends and waits for the disk. */
export const appendAnchors = async (path: string, anchors: readonly Anchor[], time: number): Promise<void> => {
  const file = await open(path, 'a', 0o600)
  try {
    const { size } = await file.stat()
    const text = anchors.map(
      ({ number, position, hash }) => `${number} ${position} ${hash} ${new Date(time).toISOString()}`,
    )
    // What a crash left half written gets its own line.
    const start = size === 0 || (await endsWithBreak(path, size)) ? '' : '\n'
    await file.writeFile(`${start}${text.join('\n')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

const endsWithBreak = async (path: string, size: number): Promise<boolean> => {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer.toString('latin1') === '\n'
  } finally {
    await file.close()
  }
}

export type AnchorLine =
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'unreadable'; readonly line: number }

/** Every line of the file; nothing when there is no file. */
export async function* readAnchors(path: string): AsyncGenerator<AnchorLine> {
  let number = 0
  try {
    for await (const text of createInterface({ input: createReadStream(path, 'utf8') })) {
      number += 1
      if (text === '') continue
      const anchor = parse(text)
      yield anchor === undefined ? { kind: 'unreadable', line: number } : { kind: 'anchor', anchor }
    }
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
