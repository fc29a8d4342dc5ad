/**
 * A value as a column takes it. What a user's controller throws may hold U+0000, which Postgres has no place for, and a
 * projection would stand still before it.
 */
export const kept = (value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value
