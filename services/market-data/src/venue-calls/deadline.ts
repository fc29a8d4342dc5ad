/** The venue did not answer within the caller's patience. */
export class VenueTooSlow extends Error {
  override readonly name = 'VenueTooSlow'
  constructor(readonly waitedMs: number) {
    super(`no answer within ${waitedMs / 1000}s`)
  }
}

/** The promise's outcome, or `VenueTooSlow` after `waitMs`. The call itself goes on; its owner handles its outcome. */
export const within = async <T>(promise: Promise<T>, waitMs: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new VenueTooSlow(waitMs)), waitMs)
  })
  try {
    return await Promise.race([promise, patience])
  } finally {
    clearTimeout(timer)
  }
}
