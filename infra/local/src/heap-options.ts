import type { Program } from './programs.ts'

/**
 * What Node is told about the heap of a program. It lets the young generation of every process grow to 16 MB and keeps
 * it: a fifth of the system's idle memory, and only those every order passes through are worth it.
 */
export const heapOptions = (service: Program['service']): readonly string[] =>
  service === 'trading' || service === 'gateway' ? [] : ['--max-semi-space-size=4']
