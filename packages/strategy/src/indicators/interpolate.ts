/**
 * The line through (left, low) and (right, high) at `x`, and its ends' values beyond them (numpy.interp with two points).
 * Where both ends are one point, its right value from there on.
 */
export const interpolate = (
  x: number,
  [left, right]: readonly [number, number],
  [low, high]: readonly [number, number],
): number => {
  if (x >= right) return high
  if (x <= left) return low
  return low + ((high - low) / (right - left)) * (x - left)
}
