/** Why an executor ended, with the numbers that backtests answer with. */
export const CLOSE_TYPES = {
  TIME_LIMIT: 1,
  STOP_LOSS: 2,
  TAKE_PROFIT: 3,
  EXPIRED: 4,
  EARLY_STOP: 5,
  TRAILING_STOP: 6,
  INSUFFICIENT_BALANCE: 7,
  FAILED: 8,
  COMPLETED: 9,
  POSITION_HOLD: 10,
} as const

export type CloseType = keyof typeof CLOSE_TYPES
