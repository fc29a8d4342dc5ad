/** Something outside the program stops it from starting; the message is the one sentence a person reads. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError'
}

/** The code of a system error (`ENOSPC`, `EADDRINUSE`, …), or null for anything else. */
export const systemErrorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
