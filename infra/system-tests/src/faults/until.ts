import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until it holds; how many milliseconds that took. Throws, naming it, when patience ends; an error counts as not yet. */
export const until = async (
  what: string,
  patienceMs: number,
  holds: () => Promise<boolean> | boolean,
): Promise<number> => {
  const begin = Date.now()
  for (;;) {
    let failure: unknown
    try {
      if (await holds()) return Date.now() - begin
    } catch (error) {
      failure = error
    }
    if (Date.now() - begin > patienceMs) {
      const reason = failure === undefined ? '' : `: ${failure instanceof Error ? failure.message : String(failure)}`
      throw new Error(`not within ${patienceMs / 1000} s: ${what}${reason}`)
    }
    await sleep(20)
  }
}
