/**
 * Types that read a request as FastAPI with pydantic's lax mode does: what it coerces is coerced, what it refuses is
 * refused with its words. Each parses `unknown` and gives the coerced value; a missing field is refused with `missing`,
 * so a field is optional through `nullable(…)` or `.default(…)` only.
 */
export { dict, either, type ListRules, list, model, nullable, reshaped, rule, union } from './collections.ts'
export type { Bounds, Lax } from './lax.ts'
export { asParsed, isConfidential, isDecimal, isList, markConfidential } from './marks.ts'
export { anything, bool, decimal, enumeration, float, integer, literal, type TextRules, text } from './scalars.ts'
