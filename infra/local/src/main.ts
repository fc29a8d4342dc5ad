import { fileURLToPath } from 'node:url'
import { LaunchError, systemErrorCode } from './launch-error.ts'
import { start } from './start.ts'
import { test } from './test.ts'

/** `main.js start|test [arguments]`: what `up.mjs` runs once everything is installed and compiled. */
const root = fileURLToPath(new URL('../../..', import.meta.url))
const [command, ...args] = process.argv.slice(2)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
// The reader of our output may leave before we do.
process.stdout.on('error', () => undefined)

const sentence = (error: unknown): string => {
  if (error instanceof LaunchError) return error.message
  if (systemErrorCode(error) === 'ENOSPC') return 'The disk of COLIBRI_HOME is full.'
  if (error instanceof Error && systemErrorCode(error) === 'EACCES') return `Not allowed: ${error.message}.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  switch (command) {
    case 'start':
      await start({ root, env: process.env, args, folder: process.cwd(), say })
      break
    case 'test':
      process.exitCode = await test({ root, args, say })
      break
    default:
      throw new LaunchError(`Unknown command ${command ?? '(none)'}: give start or test.`)
  }
} catch (error) {
  process.stderr.write(`${sentence(error)}\n`)
  process.exitCode = 1
}
// Nothing is left to wait for; a stray handle must not keep a finished launcher alive.
process.exit()
