/** With the numbers that backtests answer with. */
export const SIDES = { BUY: 1, SELL: 2 } as const
export type Side = keyof typeof SIDES

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY')
