/** What the author of a controller is told, by whoever notices first: its worker or the one who watches it. */
export const tooLate = (controller: string, timeLimitMs: number): string =>
  `Controller ${controller} ran for more than the ${timeLimitMs / 1000} s that a backtest may take`
