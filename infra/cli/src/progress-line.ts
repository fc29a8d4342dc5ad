/** As much of a terminal's stream as is needed. */
export interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const EVERY_MS = 200
/** Where nothing can be written over, a line each time would be a flood. */
const EVERY_MS_IN_A_LOG = 2_000

/** Shows how far something is, on one line of a terminal, now and then a line in a log. */
export const progressLine = (terminal: Terminal): { show(text: string): void; end(): void } => {
  const isTerminal = terminal.isTTY === true
  let shownAt = isTerminal ? Number.NEGATIVE_INFINITY : performance.now()
  let shown = false
  return {
    show: (text) => {
      const now = performance.now()
      if (now - shownAt < (isTerminal ? EVERY_MS : EVERY_MS_IN_A_LOG)) return
      shownAt = now
      shown = true
      terminal.write(isTerminal ? `\r\u001B[K${text}` : `${text}\n`)
    },
    end: () => {
      if (isTerminal && shown) terminal.write('\r\u001B[K')
    },
  }
}
