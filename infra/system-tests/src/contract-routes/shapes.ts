import { z } from 'zod'
import { replyProblems } from './contract.ts'

/** What a good reply of a route looks like: by the contract's schema, by our own where it has none, or a page. */
export interface Shape {
  /** As the table names it. */
  readonly name: 'contract' | 'own schema' | 'page'
  problems(reply: unknown): readonly string[]
}

export const byContract = (method: string, path: string): Shape => ({
  name: 'contract',
  problems: (reply) => replyProblems({ method, path }, reply),
})

export const bySchema = (schema: z.ZodType): Shape => ({
  name: 'own schema',
  problems: (reply) => {
    const parsed = schema.safeParse(reply)
    return parsed.success ? [] : [z.prettifyError(parsed.error)]
  },
})

export const page = (word: string): Shape => ({
  name: 'page',
  problems: (reply) => (typeof reply === 'string' && reply.includes(word) ? [] : [`the page does not say ${word}`]),
})
