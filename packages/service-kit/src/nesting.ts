/**
 * Lists and objects inside one another that a request may hold, about as many as Python's parser takes. Of deeper values
 * the stack ends somewhere: in a refusal that repeats them, or where another process reads them.
 */
const MOST_LEVELS = 1_000

/** True for what holds more levels than anybody means. */
export const nestsTooDeep = (value: unknown, levels = MOST_LEVELS): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => nestsTooDeep(inner, levels - 1)))
