/** With the numbers that backtests answer with. */
export const ORDER_TYPES = { MARKET: 1, LIMIT: 2, LIMIT_MAKER: 3 } as const
export type OrderType = keyof typeof ORDER_TYPES
