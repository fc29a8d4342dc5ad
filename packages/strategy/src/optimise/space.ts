import { Decimal } from 'decimal.js'
import { z } from 'zod'
import { fieldPath, type Json, type Parameters } from './field-path.ts'
import { type Flaw, SearchRefused } from './refused.ts'

/** One field that is searched. */
export type Dimension =
  /** Values that have no order: names, lists, switches. */
  | {
      readonly kind: 'choice'
      readonly field: string
      readonly values: readonly Json[]
      /** The number of each value, by its JSON. */
      readonly numbers: ReadonlyMap<string, number>
    }
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

/** Values one field may be tried with, fields one search may change, and values of all of them together. */
export const MOST_VALUES = 10_000
export const MOST_FIELDS = 50
export const MOST_TOGETHER = 50_000

/** Digits of a number drawn from a range: more say nothing about a strategy and are hard to read. */
const DIGITS = 6

const NO_RANGE = 'is neither a list of values nor a range {min, max}'
const NO_NUMBER = 'is no finite number'
const NO_COUNT = `is no whole number from 2 to ${MOST_VALUES}`

const end = z.number({
  error: ({ input }) =>
    input === undefined ? 'is missing; a range has min and max, both of them finite numbers' : NO_NUMBER,
})
const stepsOf = (min: number, max: number, step: number): number => Math.floor((max - min) / step) + 1

const range = z
  .strictObject(
    {
      min: end,
      max: end,
      /** From `min` on. */
      step: z.number(NO_NUMBER).positive('is not above 0, as a step must be').optional(),
      /** So many values, evenly spread over the scale, both ends among them. */
      count: z
        .number(NO_COUNT)
        .refine((count) => Number.isInteger(count) && count >= 2 && count <= MOST_VALUES, NO_COUNT)
        .optional(),
      scale: z.enum(['linear', 'log'], 'is neither linear nor log').default('linear'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `has no ${issue.keys.join(', ')}; a range has min, max, step, count, scale`
          : NO_RANGE,
    },
  )
  .superRefine(({ min, max, step, count, scale }, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (max < min) wrong('max', `${max} is below min, which is ${min}`)
    if (max - min === Infinity) wrong('max', `${max} is too far from min, which is ${min}`)
    if (scale === 'log' && min <= 0) wrong('min', `a log scale has no ${min}: it begins above 0`)
    if (step !== undefined && count !== undefined) wrong('count', 'give either step or count')
    if (step === undefined || step <= 0 || max - min === Infinity) return
    const made = stepsOf(min, max, step)
    if (made > MOST_VALUES)
      wrong('step', `makes ${made === Infinity ? 'no end of' : made} values; ${MOST_VALUES} are the most`)
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

const numbered = <T>(values: readonly T[]): ReadonlyMap<T, number> =>
  new Map(values.map((value, index) => [value, index]))

const ofList = (field: string, values: readonly Json[]): Dimension => {
  if (!values.every((value) => typeof value === 'number'))
    return { kind: 'choice', field, values, numbers: numbered(values.map((value) => JSON.stringify(value))) }
  const order = numbered(values.toSorted((a, b) => a - b))
  const last = Math.max(1, values.length - 1)
  return { kind: 'steps', field, values, places: values.map((value) => (order.get(value) ?? 0) / last) }
}

const listFlaw = (values: readonly Json[]): string | undefined => {
  if (values.length === 0) return 'lists no value to try'
  if (values.length > MOST_VALUES) return `lists ${values.length} values; ${MOST_VALUES} are the most`
  const texts = new Set(values.map((value) => JSON.stringify(value)))
  return texts.size < values.length ? 'lists a value twice' : undefined
}

/** How many values there will be; none of a range without steps, which has no end of them. */
const sizeOf = (asked: readonly Json[] | Range): number => {
  if (!('min' in asked)) return asked.length
  const { min, max, step, count = 0 } = asked
  return step === undefined ? count : stepsOf(min, max, step)
}

/** The field before that is the same, a part of it, or what it is a part of. */
const overlaps = () => {
  const seen = new Map<string, string>()
  return (field: string, path: readonly string[]): string | undefined => {
    const place = `${path.join('.')}.`
    const [other] = [...seen].find(([, before]) => place.startsWith(before) || before.startsWith(place)) ?? []
    seen.set(field, place)
    return other
  }
}

/**
 * What is searched: by field either a list of values, or a range `{min, max, step? | count?, scale?}`. Throws
 * `SearchRefused` with every flaw; of too many fields with that one alone.
 */
export const parseSpace = (asked: Readonly<Record<string, unknown>>): Space => {
  const { length } = Object.keys(asked)
  if (length > MOST_FIELDS)
    throw new SearchRefused([{ path: [], says: `names ${length} fields; ${MOST_FIELDS} are the most` }])

  const flaws: Flaw[] = length === 0 ? [{ path: [], says: 'names no field to search' }] : []
  const wrong = (path: readonly string[], says: string): void => void flaws.push({ path, says })
  const overlapping = overlaps()
  const read: { readonly field: string; readonly given: readonly Json[] | Range }[] = []
  for (const [field, given] of Object.entries(asked)) {
    const path = fieldPath(field)
    if (path === undefined) {
      wrong([field], 'is no name of a field')
      continue
    }
    const other = overlapping(field, path)
    if (other !== undefined) wrong([field], `is the same as ${other}, or a part of it`)

    if (Array.isArray(given)) {
      const says = listFlaw(given)
      if (says !== undefined) wrong([field], says)
      read.push({ field, given })
      continue
    }
    const parsed = range.safeParse(given)
    if (parsed.success) read.push({ field, given: parsed.data })
    else for (const { path: inside, message } of parsed.error.issues) wrong([field, ...inside.map(String)], message)
  }
  if (flaws.length > 0) throw new SearchRefused(flaws)

  const values = read.reduce((sum, { given }) => sum + sizeOf(given), 0)
  if (values > MOST_TOGETHER)
    throw new SearchRefused([{ path: [], says: `has ${values} values over all fields; ${MOST_TOGETHER} are the most` }])
  return read.map(({ field, given }) => ('min' in given ? ofRange(field, given) : ofList(field, given)))
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
    case 'choice':
      return dimension.numbers.get(JSON.stringify(value)) ?? -1
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
