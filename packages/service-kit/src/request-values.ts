import { asParsed, isConfidential, isDecimal, isList, type ValidationItem, validationItems } from '@colibri/contracts'
import type { Request } from 'express'
import { z } from 'zod'
import { badRequest, unprocessable } from './api-error.ts'
import { nestsTooDeep } from './nesting.ts'
import { JsonDecodeError, type NumberTexts, parsePythonJson } from './python-json.ts'
import { bodyOf } from './request-body.ts'

export type Source = 'body' | 'query' | 'path'

export type Parsed = { readonly value: unknown } | { readonly items: readonly ValidationItem[] }

/** One part of a request, parsed by its schema; the items of a refusal carry their full `loc`. */
export const parseSource = (request: Request, source: Source, schema: z.ZodType): Parsed => {
  switch (source) {
    case 'body':
      return parseBody(request, schema)
    case 'query':
      return parseNamed('query', queryValues(request, schema), schema)
    case 'path':
      return parseNamed('path', { ...request.params }, schema)
  }
}

/** A text that nests as deep as a stack goes is no request anybody meant. */
export const parsingFailed = () => badRequest('There was an error parsing the body')

const parseBody = (request: Request, schema: z.ZodType): Parsed => {
  const { value, numberTexts } = readJson(request)
  if (value === undefined || value === null) {
    const absent = schema.safeParse(undefined)
    if (absent.success) return { value: absent.data }
    return { items: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }] }
  }
  const parsed = schema.safeParse(numberTexts ? withDecimalTexts(schema, value, numberTexts) : value)
  if (parsed.success) return { value: parsed.data }
  const items = validationItems(parsed.error, asParsed(schema, value))
  return { items: prefixed('body', isConfidential(schema) ? items.map(withoutInput) : items) }
}

/** The body as FastAPI sees it: JSON when the content type says so or says nothing, otherwise the bytes as text. */
const readJson = (request: Request): { value: unknown; numberTexts?: NumberTexts } => {
  const bytes = bodyOf(request)
  if (bytes.length === 0) return { value: undefined }
  const contentType = request.headers['content-type']
  if (contentType !== undefined && !/^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    return { value: bytes.toString('utf8') }
  }
  try {
    const parsed = parsePythonJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (!nestsTooDeep(parsed.value)) return parsed
  } catch (error) {
    if (error instanceof JsonDecodeError) {
      const { message, position } = error
      const ctx = { error: message }
      throw unprocessable([{ type: 'json_invalid', loc: ['body', position], msg: 'JSON decode error', input: {}, ctx }])
    }
    // Bytes that are not UTF-8, or lists nested deeper than the stack.
  }
  throw parsingFailed()
}

const parseNamed = (source: Source, values: Readonly<Record<string, unknown>>, schema: z.ZodType): Parsed => {
  const parsed = schema.safeParse(values)
  if (parsed.success) return { value: parsed.data }
  const items = validationItems(parsed.error, values)
  return {
    items: prefixed(
      source,
      items.map((item) => (item.type === 'missing' ? { ...item, input: null } : item)),
    ),
  }
}

const withoutInput = (item: ValidationItem): ValidationItem => ({ ...item, input: '**********' })

const prefixed = (source: Source, items: readonly ValidationItem[]): ValidationItem[] =>
  items.map((item) => ({ ...item, loc: [source, ...item.loc] }))

/** The last occurrence of a name counts, or all of them where the schema has a list. */
const queryValues = (request: Request, schema: z.ZodType): Record<string, unknown> => {
  const mark = request.originalUrl.indexOf('?')
  const given = new URLSearchParams(mark < 0 ? '' : request.originalUrl.slice(mark + 1))
  const shape = schema instanceof z.ZodObject ? schema.shape : {}
  return Object.fromEntries(
    [...new Set(given.keys())].map((name) => {
      const all = given.getAll(name)
      const field = Object.hasOwn(shape, name) ? shape[name] : undefined
      return [name, field && isList(field) ? all : all.at(-1)]
    }),
  )
}

/** The value with the client's own digits in place of floats wherever the schema has a decimal. */
const withDecimalTexts = (schema: z.core.$ZodType, value: unknown, numberTexts: NumberTexts): unknown => {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null || Array.isArray(value))
    return value
  const texts = numberTexts.get(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, unknown] => {
      const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined
      if (!field) return [name, member]
      const text = texts?.get(name)
      if (text !== undefined && isDecimal(field)) return [name, decimalSource(text)]
      return [name, withDecimalTexts(field, member, numberTexts)]
    }),
  )
}

/** Python reads a JSON number with a point or exponent as a float first, an integer of any length exactly. */
const decimalSource = (text: string): string => {
  if (/^-?\d+$/.test(text)) return text
  const float = Number(text)
  // A float keeps at most 17 digits and always shows a fraction: `1.0`, `1.50` → `1.5`.
  return Number.isInteger(float) && Math.abs(float) < 1e16 ? `${float}.0` : String(float)
}
