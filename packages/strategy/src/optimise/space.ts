import { Decimal } from 'decimal.js'
import { z } from 'zod'
import { fieldPath, type Json, type Parameters } from './field-path.ts'
import { type Flaw, SearchRefused } from './refused.ts'

/** One field that is searched. */
export type Dimension =
  /** Values that have no order: names, lists, switches. */
  | { readonly kind: 'choice'; readonly field: string; readonly values: readonly Json[] }
  /** Numbers; `places` has where each lies in [0, 1], so that near ones are near. */
  | {
      readonly kind: 'steps'
      readonly field: string
      readonly values: readonly number[]
      readonly places: readonly number[]
    }
  | {
      readonly kind: 'range'
      readonly field: string
      readonly min: number
      readonly max: number
      readonly scale: Scale
    }

export type Scale = 'linear' | 'log'
export type Space = readonly Dimension[]

/** Values one field may be tried with, and fields one search may change. */
export const MOST_VALUES = 10_000
export const MOST_FIELDS = 50

/** Digits of a number drawn from a range: more say nothing about a strategy and are hard to read. */
const DIGITS = 6

const finite = z.number()
const range = z
  .strictObject({
    min: finite,
    max: finite,
    /** From `min` on. */
    step: finite.positive().optional(),
    /** So many values, evenly spread over the scale, both ends among them. */
    count: z.int().min(2).max(MOST_VALUES).optional(),
    scale: z.enum(['linear', 'log']).default('linear'),
  })
  .superRefine(({ min, max, step, count, scale }, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (max < min) wrong('max', `${max} is below min, which is ${min}`)
    if (scale === 'log' && min <= 0) wrong('min', `a log scale has no ${min}: it begins above 0`)
    if (step !== undefined && count !== undefined) wrong('count', 'give either step or count')
    if (step !== undefined && (max - min) / step >= MOST_VALUES)
      wrong('step', `makes ${Math.floor((max - min) / step) + 1} values; ${MOST_VALUES} are the most`)
  })
type Range = z.infer<typeof range>

const onScale = (value: number, scale: Scale): number => (scale === 'log' ? Math.log(value) : value)
const offScale = (value: number, scale: Scale): number => (scale === 'log' ? Math.exp(value) : value)

/** Where a value lies between the ends of its range. */
const placeIn = (value: number, { min, max, scale }: { min: number; max: number; scale: Scale }): number => {
  const [low, high] = [onScale(min, scale), onScale(max, scale)]
  return high === low ? 0.5 : (onScale(value, scale) - low) / (high - low)
}

const readable = (value: number, min: number, max: number): number =>
  Math.min(max, Math.max(min, Number(value.toPrecision(DIGITS))))

/** The number at a place of [0, 1]. */
const valueIn = (place: number, { min, max, scale }: { min: number; max: number; scale: Scale }): number => {
  const [low, high] = [onScale(min, scale), onScale(max, scale)]
  return readable(offScale(low + place * (high - low), scale), min, max)
}

/** `min`, `min + step` …, as somebody would write them: no 0.30000000000000004. */
const stepped = ({ min, max }: Range, step: number): number[] => {
  const start = new Decimal(min)
  const count = new Decimal(max).minus(start).div(step).floor().toNumber() + 1
  return Array.from({ length: count }, (_, index) => start.plus(new Decimal(step).times(index)).toNumber())
}

const ofRange = (field: string, asked: Range): Dimension => {
  const { min, max, scale, step, count } = asked
  if (min === max) return { kind: 'steps', field, values: [min], places: [0.5] }
  if (step === undefined && count === undefined) return { kind: 'range', field, min, max, scale }
  const values =
    step !== undefined
      ? stepped(asked, step)
      : Array.from({ length: count ?? 0 }, (_, index) => valueIn(index / ((count ?? 0) - 1), asked))
  const unlike = [...new Set(values)]
  return { kind: 'steps', field, values: unlike, places: unlike.map((value) => placeIn(value, asked)) }
}

const ofList = (field: string, values: readonly Json[]): Dimension => {
  if (!values.every((value) => typeof value === 'number')) return { kind: 'choice', field, values }
  const order = values.toSorted((a, b) => a - b)
  const last = Math.max(1, order.length - 1)
  return { kind: 'steps', field, values, places: values.map((value) => order.indexOf(value) / last) }
}

const listFlaw = (values: readonly Json[]): string | undefined => {
  if (values.length === 0) return 'lists no value to try'
  if (values.length > MOST_VALUES) return `lists ${values.length} values; ${MOST_VALUES} are the most`
  const texts = new Set(values.map((value) => JSON.stringify(value)))
  return texts.size < values.length ? 'lists a value twice' : undefined
}

const messageOf = ({ code, message, ...issue }: z.core.$ZodIssue): string =>
  code === 'unrecognized_keys' && 'keys' in issue
    ? `has no ${issue.keys.join(', ')}; a range has min, max, step, count, scale`
    : message

/**
 * What is searched: by field either a list of values, or a range `{min, max, step? | count?, scale?}`. Throws
 * `SearchRefused` with every flaw.
 */
export const parseSpace = (asked: Readonly<Record<string, unknown>>): Space => {
  const flaws: Flaw[] = []
  const space: Dimension[] = []
  const fields = Object.keys(asked)
  if (fields.length === 0) flaws.push({ path: [], says: 'names no field to search' })
  if (fields.length > MOST_FIELDS)
    flaws.push({ path: [], says: `names ${fields.length} fields; ${MOST_FIELDS} are the most` })

  const seen = new Map<string, string>()
  for (const [field, given] of Object.entries(asked)) {
    const path = fieldPath(field)
    if (path === undefined) {
      flaws.push({ path: [field], says: 'is no name of a field' })
      continue
    }
    const inside = [...seen].find(([, other]) => {
      const [short, long] = [`${path.join('.')}.`, `${other}.`].toSorted((a, b) => a.length - b.length)
      return long?.startsWith(short ?? '')
    })
    if (inside !== undefined) flaws.push({ path: [field], says: `is the same as ${inside[0]}, or a part of it` })
    seen.set(field, path.join('.'))

    if (Array.isArray(given)) {
      const says = listFlaw(given)
      if (says === undefined) space.push(ofList(field, given))
      else flaws.push({ path: [field], says })
      continue
    }
    const parsed = range.safeParse(given)
    if (parsed.success) space.push(ofRange(field, parsed.data))
    else if (typeof given !== 'object' || given === null)
      flaws.push({ path: [field], says: 'is neither a list of values nor a range {min, max}' })
    else
      for (const issue of parsed.error.issues)
        flaws.push({ path: [field, ...issue.path.map(String)], says: messageOf(issue) })
  }
  if (flaws.length > 0) throw new SearchRefused(flaws)
  return space
}

/** Where each parameter lies: a place in [0, 1], or for a choice the number of the value. */
export type Point = readonly number[]

const nearestIndex = (places: readonly number[], place: number): number => {
  let best = 0
  for (let index = 1; index < places.length; index += 1)
    if (Math.abs((places[index] ?? 0) - place) < Math.abs((places[best] ?? 0) - place)) best = index
  return best
}

const valueAt = (dimension: Dimension, place: number): Json => {
  switch (dimension.kind) {
    case 'choice':
      return dimension.values[place] ?? null
    case 'steps':
      return dimension.values[nearestIndex(dimension.places, place)] ?? null
    case 'range':
      return valueIn(place, dimension)
  }
}

export const parametersAt = (space: Space, point: Point): Parameters =>
  Object.fromEntries(space.map((dimension, index) => [dimension.field, valueAt(dimension, point[index] ?? 0)]))

const placeOf = (dimension: Dimension, value: Json | undefined): number => {
  switch (dimension.kind) {
    case 'choice': {
      const text = JSON.stringify(value)
      return dimension.values.findIndex((each) => JSON.stringify(each) === text)
    }
    case 'steps':
      return dimension.places[dimension.values.indexOf(Number(value))] ?? 0
    case 'range':
      return placeIn(Number(value), dimension)
  }
}

export const pointOf = (space: Space, parameters: Parameters): Point =>
  space.map((dimension) => placeOf(dimension, parameters[dimension.field]))

/** How many different trials there are: infinitely many once a range has no steps. */
export const combinations = (space: Space): number =>
  space.reduce((product, dimension) => product * (dimension.kind === 'range' ? Infinity : dimension.values.length), 1)
