import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What a venue really sent once: frames of its websocket and answers of its REST API. */
export interface Capture {
  /** Frames the venue sent, in the order they came. */
  readonly frames: readonly string[]
  /** Bodies by URL. Of a URL asked twice the last answer. */
  readonly pages: ReadonlyMap<string, string>
}

/** The captures lie beside the repository, for their licence keeps them out of it. */
const folder = join(import.meta.dirname, '../../../../../shared/data/websocket-captures')

const linesOf = (file: string): readonly string[] | undefined => {
  try {
    return gunzipSync(readFileSync(join(folder, file)))
      .toString('utf8')
      .split('\n')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const page = /^(\S+) -> [\d.]+: (.*)$/
const frame = /^[\d.]+: (.*)$/

export interface CaptureFiles {
  readonly frames: string
  readonly pages: readonly string[]
}

/** `undefined` where the captures are not on this machine. */
export const readCapture = (files: CaptureFiles): Capture | undefined => {
  const frames = linesOf(files.frames)
  if (frames === undefined) return undefined
  const pages = new Map<string, string>()
  for (const file of files.pages) {
    for (const line of linesOf(file) ?? []) {
      const [, url, body] = page.exec(line) ?? []
      if (url !== undefined && body !== undefined) pages.set(url, body)
    }
  }
  return { frames: frames.map((line) => frame.exec(line)?.[1]).filter((text) => text !== undefined), pages }
}

/** Why a test that needs the captures is skipped. */
export const NO_CAPTURES = 'the captures (../shared/data/websocket-captures) are not on this machine'
