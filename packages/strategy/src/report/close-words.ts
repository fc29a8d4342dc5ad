import type { CloseType } from '../executors/close-type.ts'

/** Why an executor ended, in words. */
export const CLOSE_WORDS: Readonly<Record<CloseType, string>> = {
  TIME_LIMIT: 'Its time was over',
  STOP_LOSS: 'Stop loss reached',
  TAKE_PROFIT: 'Take profit reached',
  EXPIRED: 'Never filled',
  EARLY_STOP: 'Stopped by the controller',
  TRAILING_STOP: 'Trailing stop reached',
  INSUFFICIENT_BALANCE: 'Not enough balance',
  FAILED: 'Failed',
  COMPLETED: 'Completed',
  POSITION_HOLD: 'Left its position to be held',
}
