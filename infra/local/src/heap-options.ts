import type { Program } from './programs.ts'

/**
 * What Node is told about the heap of a program. It lets the young generation of every process grow to 16 MB and keeps
 * it: a fifth of the system's idle memory, and only those every order passes through are worth it.
 *
 * Market data is a stream of garbage beside little that stays, and so are the answers of backtests. Left alone, V8 lets
 * that pile up to several times what is in use before it looks; here it looks whenever the heap has grown by a seventh.
 */
export const heapOptions = (service: Program['service']): readonly string[] => {
  switch (service) {
    case 'trading':
    case 'gateway':
      return []
    case 'market-data':
    case 'backtesting':
      return ['--max-semi-space-size=4', '--heap-growing-percent=15']
    default:
      return ['--max-semi-space-size=4']
  }
}

/** Without it every thread of a process keeps freed memory of its own (glibc). */
export const heapEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' }
