/** Captured JSON, read without being believed. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json }

export const parse = (text: string): Json => JSON.parse(text)

export const at = (value: Json, ...path: readonly (string | number)[]): Json =>
  path.reduce<Json>((inner, key) => {
    if (Array.isArray(inner)) return typeof key === 'number' ? inner.at(key) : undefined
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? (inner as Readonly<Record<string, Json>>)[key]
      : undefined
  }, value)

export const text = (value: Json): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

export const list = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [])

/** `[["1.5", "2"], …]` with texts alone. */
export const levels = (value: Json): readonly (readonly string[])[] => list(value).map((row) => list(row).map(text))
