import type { INestApplication, Type } from '@nestjs/common'
import {
  ApiBody,
  ApiExcludeController,
  ApiParam,
  ApiQuery,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger'
import { z } from 'zod'
import { isInternal } from './internal.ts'
import { type ValidatedParameter, validatedParameters } from './validated.ts'

const documents = new WeakMap<INestApplication, OpenAPIObject>()

/** The service's OpenAPI document, built when it is first asked for: Swagger costs start-up time and memory. */
export const openApi = (
  app: INestApplication,
  service: string,
  controllers: readonly Type<unknown>[],
): OpenAPIObject => {
  const built = documents.get(app)
  if (built) return built
  for (const controller of controllers) {
    if (isInternal(controller)) ApiExcludeController()(controller)
    else describe(controller)
  }
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setTitle(service).setVersion('1.0.1').build(),
    {
      // Names as FastAPI's clients know them: by handler, not by class.
      operationIdFactory: (_controller, method) => method,
    },
  )
  documents.set(app, document)
  return document
}

const describe = (controller: Type<unknown>): void => {
  const prototype: object = controller.prototype
  for (const key of Object.getOwnPropertyNames(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)
    if (key === 'constructor' || typeof descriptor?.value !== 'function') continue
    for (const parameter of validatedParameters(descriptor.value)) {
      for (const decorator of decorators(parameter)) decorator(prototype, key, descriptor)
    }
  }
}

type SchemaObject = Extract<Parameters<typeof ApiBody>[0], { schema: unknown }>['schema']

/** Swagger's typings and zod's describe the same JSON by two different types; JSON is where they meet. */
const jsonSchema = (schema: z.core.$ZodType): z.core.JSONSchema.BaseSchema & SchemaObject => {
  const described = z.toJSONSchema(schema, {
    io: 'input',
    target: 'openapi-3.0',
    unrepresentable: 'any',
    // Zod leaves out the defaults of types that transform; those of lax types are what a client may well send.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDefault)
        jsonSchema.default = zodSchema.def.defaultValue as typeof jsonSchema.default
    },
  })
  const { $schema: _, ...rest } = JSON.parse(JSON.stringify(described))
  return rest
}

const decorators = ({ source, schema }: ValidatedParameter): MethodDecorator[] => {
  const described = jsonSchema(schema)
  if (source === 'body') return [ApiBody({ schema: described })]
  const required = new Set(described.required ?? [])
  return Object.entries(described.properties ?? {}).map(([name, property]) => {
    const options = { name, schema: property as object, required: required.has(name) }
    return source === 'query' ? ApiQuery(options) : ApiParam(options)
  })
}
