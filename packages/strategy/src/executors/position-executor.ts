import type { ConnectorPair, PositionExecutorConfig } from './executor-config.ts'

/** A market as controllers that trade on one are configured with it. */
export interface TradedMarket extends ConnectorPair {
  readonly leverage: number
}

interface Position extends Pick<PositionExecutorConfig, 'side' | 'entry_price' | 'amount' | 'triple_barrier_config'> {
  /** Which of a controller's levels it stands for; none unless told. */
  readonly level_id?: string
}

/** A position on one market, whose orders are placed at once, however far away its entry is. */
export const positionExecutor = (
  { connector_name, trading_pair, leverage }: TradedMarket,
  { side, entry_price, amount, triple_barrier_config, level_id }: Position,
): PositionExecutorConfig => ({
  type: 'position_executor',
  connector_name,
  trading_pair,
  side,
  entry_price,
  amount,
  triple_barrier_config,
  leverage,
  activation_bounds: null,
  level_id: level_id ?? null,
})
