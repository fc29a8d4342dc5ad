import { createWriteStream, mkdirSync, openSync, renameSync, rmSync, statSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'

export interface LogLimits {
  /** Bytes after which a new file begins. */
  fileBytes: number
  /** Files kept: the current one, `.1` (newer) and so on. */
  files: number
}

const DEFAULTS: LogLimits = { fileBytes: 10_000_000, files: 4 }
/** Lines waiting for a disk that does not keep up; past this they are dropped and counted. */
const WAITING_BYTES = 8_000_000

export interface RotatingLog {
  /** Writes a line; one that is not JSON is wrapped into it. */
  line(text: string): void
  close(): Promise<void>
}

/** A log file of JSON lines that never grows past its limits and never stops its writer, a full disk included. */
export const rotatingLog = (path: string, processName: string, limits: LogLimits = DEFAULTS): RotatingLog => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let dropped = 0
  const open = (): { stream: WriteStream; bytes: number; broken: 'yes' | 'no' } => {
    // Opened at once, so that a rotation right after cannot have the old stream write into the new file.
    const stream = createWriteStream(path, { fd: openSync(path, 'a', 0o600) })
    const file = { stream, bytes: sizeOf(path), broken: 'no' as 'yes' | 'no' }
    stream.on('error', () => {
      file.broken = 'yes' // disk full or folder gone: the next line tries again with a new stream
    })
    return file
  }
  let current = open()
  const wrap = (message: string): string =>
    JSON.stringify({ time: new Date().toISOString(), level: 'info', process: processName, message })
  const reopened = (): boolean => {
    try {
      current = open()
      return true
    } catch {
      return false
    }
  }
  const write = (text: string): void => {
    const bytes = Buffer.byteLength(text) + 1
    if (current.broken === 'yes' && !reopened()) {
      dropped++
      return
    }
    if (current.stream.writableLength > WAITING_BYTES) {
      dropped++
      return
    }
    if (current.bytes > 0 && current.bytes + bytes > limits.fileBytes) {
      current.stream.end()
      shift(path, limits.files)
      if (!reopened()) {
        current.broken = 'yes'
        dropped++
        return
      }
    }
    current.bytes += bytes
    current.stream.write(`${text}\n`)
  }
  return {
    line: (text) => {
      if (dropped > 0) {
        const lost = dropped
        dropped = 0
        write(wrap(`${lost} log lines were dropped because the disk did not keep up`))
      }
      write(text.startsWith('{') && text.endsWith('}') ? text : wrap(text))
    },
    close: () =>
      new Promise((resolve) => {
        if (current.broken === 'yes' || current.stream.destroyed) return resolve()
        current.stream.once('error', () => resolve())
        current.stream.end(() => resolve())
      }),
  }
}

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

const shift = (path: string, files: number): void => {
  try {
    rmSync(`${path}.${files - 1}`, { force: true })
    for (let n = files - 2; n >= 1; n--) if (sizeOf(`${path}.${n}`) > 0) renameSync(`${path}.${n}`, `${path}.${n + 1}`)
    if (files > 1) renameSync(path, `${path}.1`)
    else rmSync(path, { force: true })
  } catch {
    // Keeping the old file a little longer is better than losing the new line.
  }
}
