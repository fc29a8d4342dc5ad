import { CANDLE_ROWS_PER_PAGE, type CandleRow, type CandlesRangeReply, candlesRangeRequest } from '@colibri/contracts'
import type { Candle } from '@colibri/exchange'
import { badRequest, rpcRequest } from '@colibri/service-kit'
import { Controller } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import { historyRpcFailure } from './candle-errors.ts'
import { CandleHistory, type FoundCandles } from './candle-history.ts'
import { checkPair } from './candle-queries.ts'
import { foundRows } from './found-rows.ts'
import { isInterval } from './intervals.ts'

@Controller()
export class CandlesRpc {
  constructor(private readonly history: CandleHistory) {}

  @MessagePattern('rpc.market-data.candles')
  async range(@Payload() payload: unknown): Promise<CandlesRangeReply> {
    const { from, to, ...key } = rpcRequest(candlesRangeRequest, payload)
    if (!isInterval(key.interval))
      throw badRequest(`'${key.interval}' is no candle interval; give one like 5m, 1h or 1d`)
    checkPair(key.tradingPair)
    if (from >= to) return { rows: [], next: null }
    const found = await this.history.find(key, { from, to }).catch((error: unknown) => {
      throw historyRpcFailure(error, key)
    })
    const closed = found.kind === 'stored' ? withoutOpen(found) : found
    const rows: CandleRow[] = []
    for await (const page of foundRows(this.history.stored, key.interval, closed)) {
      for (const row of page) {
        if (rows.length === CANDLE_ROWS_PER_PAGE) return { rows, next: row.time }
        rows.push(rowOf(row))
      }
    }
    return { rows, next: null }
  }
}

/** A candle that may still change is no history. */
const withoutOpen = ({ open, range, ...found }: Extract<FoundCandles, { kind: 'stored' }>): FoundCandles => ({
  ...found,
  open: [],
  range: { from: range.from, to: open[0]?.time ?? range.to },
})

const rowOf = (candle: Candle): CandleRow => [
  candle.time,
  candle.open,
  candle.high,
  candle.low,
  candle.close,
  candle.volume,
  candle.quoteVolume,
  candle.trades,
  candle.takerBuyBaseVolume,
  candle.takerBuyQuoteVolume,
]
