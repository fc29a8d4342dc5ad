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

export const SIDES = { BUY: 1, SELL: 2 } as const
export type Side = keyof typeof SIDES

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY')

export const ORDER_TYPES = { MARKET: 1, LIMIT: 2, LIMIT_MAKER: 3 } as const
export type OrderType = keyof typeof ORDER_TYPES

export const RUNNABLE_STATUSES = { NOT_STARTED: 1, RUNNING: 2, SHUTTING_DOWN: 3, TERMINATED: 4 } as const
export type RunnableStatus = keyof typeof RUNNABLE_STATUSES
