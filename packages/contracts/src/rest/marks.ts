import { z } from 'zod'

/** What a reader of raw requests has to know of a type, which the type itself cannot say. */
const decimals = new WeakSet<object>()
const lists = new WeakSet<object>()
const confidential = new WeakSet<object>()
const reshapes = new WeakMap<object, (value: unknown) => unknown>()

export const markDecimal = <T extends object>(schema: T): T => {
  decimals.add(schema)
  return schema
}

export const markList = <T extends object>(schema: T): T => {
  lists.add(schema)
  return schema
}

/** What a request of this type holds is told nobody, not even whoever sent it: a refusal shows none of it. */
export const markConfidential = <T extends object>(schema: T): T => {
  confidential.add(schema)
  return schema
}
export const isConfidential = (schema: object): boolean => confidential.has(schema)

/** A request of this type is put into another form before it is parsed. */
export const markReshaped = <T extends object>(schema: T, reshape: (value: unknown) => unknown): T => {
  reshapes.set(schema, reshape)
  return schema
}
/** The form in which a value is parsed by this type, which refusals speak of. */
export const asParsed = (schema: object, value: unknown): unknown => {
  const reshape = reshapes.get(schema)
  return reshape ? reshape(value) : value
}

/** Hands on what is known of `inner` to the type around it. */
export const marksOf = <T extends object>(inner: object, schema: T): T => {
  if (lists.has(inner)) lists.add(schema)
  if (decimals.has(inner)) decimals.add(schema)
  return schema
}

const unwrap = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema

/** True when a query parameter of this type takes every occurrence of its name. */
export const isList = (schema: z.core.$ZodType): boolean => lists.has(unwrap(schema))

/** True when the exact text of a JSON number matters: `1.0` stays `1.0`. */
export const isDecimal = (schema: z.core.$ZodType): boolean => decimals.has(unwrap(schema))
