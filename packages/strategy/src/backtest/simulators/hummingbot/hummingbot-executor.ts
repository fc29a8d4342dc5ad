import type { CloseType } from '../../../executors/close-type.ts'
import { type SimulatedConfig, SimulatedExecutor } from '../simulated-executor.ts'

/** How the original's simulations end, all but its orders' alike. */
export abstract class HummingbotExecutor<Config extends SimulatedConfig> extends SimulatedExecutor<Config> {
  /** A position takes over the profit with the rest, which then is forgotten. */
  get realizedPnlQuote(): number {
    return this.isActive || this.leaves !== undefined ? 0 : this.netPnlQuote
  }

  /** Volume counts twice on the last row: once for the way in, once for the way out, whether or not there was one. */
  protected endFilled(row: number, closeType: CloseType): void {
    this.filledAmountQuote *= 2
    this.settle(row, closeType)
  }

  /** One that is stopped has not counted its way out. */
  stop(row: number, held: 'keep' | 'close'): void {
    this.settle(row, held === 'keep' && this.filledAmountQuote > 0 ? 'POSITION_HOLD' : 'EARLY_STOP')
  }

  /** What is held becomes a position as large as all that was traded. */
  protected settle(row: number, closeType: CloseType): void {
    this.end(row, closeType)
    if (closeType === 'POSITION_HOLD' && this.filledAmountQuote > 0) {
      this.leaves = {
        side: this.side,
        base: undefined,
        quote: this.filledAmountQuote,
        averagePrice: this.averagePrice || (this.candles.close[row] as number),
        feesQuote: this.cumFeesQuote,
      }
    }
  }
}
