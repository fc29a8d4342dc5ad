import { readFileSync } from 'node:fs'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { catalogue } from './catalogue.ts'
import type { VenueUrls } from './venue.ts'

const baseUrl = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })

const venueUrls = z.record(
  z.string(),
  z.strictObject({
    rest: baseUrl(['http:', 'https:']).optional(),
    ws: baseUrl(['ws:', 'wss:']).optional(),
    limit: z.strictObject({ cost: z.number().positive(), windowMs: z.number().min(100).max(3_600_000) }).optional(),
  }),
)

/** No venues, but price services whose base URLs stand in the same file. */
const priceServices = ['coin_gecko', 'coin_cap']

/** The file cannot be used; the message names the file, the key and what would be right. */
export class VenuesFileInvalid extends Error {
  override readonly name = 'VenuesFileInvalid'
}

/** Checks connector names and URLs. Throws `VenuesFileInvalid` with every wrong key, prefixed by `source`. */
export const parseVenueUrls = (value: unknown, source: string): VenueUrls => {
  const parsed = venueUrls.safeParse(value ?? {})
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(file)'}: ${issue.message}`)
    throw new VenuesFileInvalid(`${source}: ${wrong.join('; ')}`)
  }
  const names = new Set([...catalogue.map((connector) => connector.name), ...priceServices])
  const unknown = Object.keys(parsed.data).filter((name) => !names.has(name))
  if (unknown.length > 0) throw new VenuesFileInvalid(`${source}: ${unknown.join(', ')}: no such connector`)
  return Object.fromEntries(
    Object.entries(parsed.data).map(([name, { rest, ws, limit }]) => [
      name,
      {
        ...(rest === undefined ? {} : { rest }),
        ...(ws === undefined ? {} : { ws }),
        ...(limit === undefined ? {} : { limit }),
      },
    ]),
  )
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Reads `venues.yml`; a file that does not exist overrides nothing. Throws `VenuesFileInvalid`. */
export const readVenuesFile = (path: string): VenueUrls => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return {}
    throw new VenuesFileInvalid(`${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    return parseVenueUrls(parse(text), path)
  } catch (error) {
    if (error instanceof YAMLParseError) throw new VenuesFileInvalid(`${path}: ${error.message}`)
    throw error
  }
}
