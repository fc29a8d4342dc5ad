import type { ValidationItem } from '@colibri/contracts'
import { createParamDecorator } from '@nestjs/common'
import type { Request } from 'express'
import type { z } from 'zod'
import { unprocessable } from './api-error.ts'
import { type Parsed, parseSource, parsingFailed, type Source } from './request-values.ts'

/** One `@Validated` parameter of a handler. */
export interface ValidatedParameter {
  readonly source: Source
  readonly schema: z.ZodType
}

type Handler = (...parameters: never[]) => unknown

const declared = new WeakMap<Handler, ValidatedParameter[]>()
const results = new WeakMap<Request, ReadonlyMap<ValidatedParameter, unknown>>()

/** Every `@Validated` parameter of a handler, for the OpenAPI document. */
export const validatedParameters = (handler: Handler): readonly ValidatedParameter[] => declared.get(handler) ?? []

const order: readonly Source[] = ['path', 'query', 'body']

/** FastAPI reports all parts of a request in one list, so all of a handler's parameters are parsed at the first one asked for. */
const parseAll = (request: Request, handler: Handler): ReadonlyMap<ValidatedParameter, unknown> => {
  const values = new Map<ValidatedParameter, unknown>()
  const items: ValidationItem[] = []
  for (const source of order) {
    for (const parameter of validatedParameters(handler).filter((one) => one.source === source)) {
      const parsed = parseDeep(request, parameter)
      if ('value' in parsed) values.set(parameter, parsed.value)
      else items.push(...parsed.items)
    }
  }
  if (items.length > 0) throw unprocessable(items)
  return values
}

const parseDeep = (request: Request, { source, schema }: ValidatedParameter): Parsed => {
  try {
    return parseSource(request, source, schema)
  } catch (error) {
    throw error instanceof RangeError ? parsingFailed() : error
  }
}

const inject = createParamDecorator((parameter: ValidatedParameter, context) => {
  const request = context.switchToHttp().getRequest<Request>()
  const values = results.get(request) ?? parseAll(request, context.getHandler() as Handler)
  results.set(request, values)
  return values.get(parameter)
})

/**
 * A handler's parameter, read from the request by a schema of lax types. What the schema refuses is answered with 422 and
 * the contract's list, for all parameters of the handler together.
 */
export const Validated =
  (source: Source, schema: z.ZodType): ParameterDecorator =>
  (target, key, index) => {
    const parameter: ValidatedParameter = { source, schema }
    const handler: unknown = key === undefined ? undefined : Reflect.get(target, key)
    if (typeof handler !== 'function') throw new TypeError('@Validated belongs on a parameter of a method')
    const list = declared.get(handler as Handler) ?? []
    // Decorators of parameters run from the last to the first.
    declared.set(handler as Handler, [parameter, ...list])
    inject(parameter)(target, key, index)
  }
