/** The sum of doubles as if made with twice their digits (Neumaier, 1974): the order of the values does not show in it. */
export const sum = (values: Iterable<number>): number => {
  let total = 0
  let lost = 0
  for (const value of values) {
    const next = total + value
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total
    total = next
  }
  return total + lost
}
