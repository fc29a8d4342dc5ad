import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, parse, parseDocument, Scalar, visit, YAMLMap } from 'yaml'
import { z } from 'zod'

/** What the rate oracle reads from `conf_client.yml`; a member is absent where the file does not have it. */
export interface ConfClientRates {
  readonly source?: string
  readonly tokenName?: string
  readonly tokenSymbol?: string
}

/** What to write; a member that is absent stays as it is. */
export interface ConfClientChange {
  /** Null leaves the file without a source. */
  readonly source?: string | null
  readonly token?: { readonly name: string; readonly symbol: string }
}

/** The file is no configuration. The message never quotes it: other parts of the file hold passwords. */
export class ConfClientUnreadable extends Error {
  override readonly name = 'ConfClientUnreadable'
}

const word = z.string().nullish()
const confClient = z
  .looseObject({
    rate_oracle_source: z.looseObject({ name: word }).nullish(),
    global_token: z.looseObject({ global_token_name: word, global_token_symbol: word }).nullish(),
  })
  .nullish()

/** Bots read YAML 1.1. */
const dialect = { version: '1.1', prettyErrors: false, logLevel: 'error' } as const

const values = (text: string): unknown => {
  try {
    const parsed: unknown = parse(text, dialect)
    return parsed
  } catch {
    throw new ConfClientUnreadable('conf_client.yml is not valid YAML')
  }
}

const present = <K extends string>(key: K, value: string | null | undefined) =>
  value === null || value === undefined ? {} : { [key]: value }

/** Throws `ConfClientUnreadable`. */
export const readConfClient = (text: string): ConfClientRates => {
  const parsed = confClient.safeParse(values(text))
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
    throw new ConfClientUnreadable(`conf_client.yml is wrong: ${wrong.join('; ')}`)
  }
  const { rate_oracle_source: source, global_token: token } = parsed.data ?? {}
  return {
    ...present('source', source?.name),
    ...present('tokenName', token?.global_token_name),
    ...present('tokenSymbol', token?.global_token_symbol),
  }
}

/**
 * The text with the change in it: keys sorted, everything else as it was written, to the letter. Another source loses
 * the members that belonged to the one before; bots refuse members they do not know. Throws `ConfClientUnreadable`.
 */
export const changedConfClient = (text: string, change: ConfClientChange): string => {
  // Every plain text stays the text it is: as numbers, some instance ids would become others.
  const document = parseDocument(isEmpty(text) ? '{}' : text, { ...dialect, schema: 'failsafe' })
  if (document.errors.length > 0) throw new ConfClientUnreadable('conf_client.yml is not valid YAML')
  if (!isMap(document.contents)) throw new ConfClientUnreadable('conf_client.yml is no mapping')
  document.contents.flow = false
  const set = (section: string, member: string, value: string): void => {
    if (!isMap(document.get(section))) document.set(section, new YAMLMap(document.schema))
    document.setIn([section, member], scalar(value))
  }
  const { source, token } = change
  if (source !== undefined) {
    if (readConfClient(text).source !== source) document.delete('rate_oracle_source')
    if (source !== null) set('rate_oracle_source', 'name', source)
  }
  if (token !== undefined) {
    set('global_token', 'global_token_name', token.name)
    set('global_token', 'global_token_symbol', token.symbol)
  }
  visit(document, {
    Map(_, map) {
      map.items.sort((left, right) => (String(left.key) < String(right.key) ? -1 : 1))
    },
  })
  const changed = textOf(document)
  if (changed === undefined || !isSound(text, changed, change)) {
    throw new ConfClientUnreadable('conf_client.yml cannot be rewritten safely: write it without anchors')
  }
  return changed
}

/** Undefined when sorting has put an alias before what it stands for. */
const textOf = (document: Document.Parsed): string | undefined => {
  try {
    return document.toString({ indentSeq: false, lineWidth: 0 })
  } catch {
    return undefined
  }
}

const isEmpty = (text: string): boolean => (values(text) ?? null) === null

/** Quoted where YAML 1.1 would read the plain text as something else. */
const scalar = (value: string): Scalar => {
  const node = new Scalar(value)
  if (!/^[\w$]+$/.test(value) || values(value) !== value) node.type = Scalar.QUOTE_DOUBLE
  return node
}

const sections = ['rate_oracle_source', 'global_token'] as const

/** Whether the new text reads back as the old one with the change. */
const isSound = (before: string, after: string, change: ConfClientChange): boolean => {
  const rest = (text: string) =>
    Object.entries(z.record(z.string(), z.unknown()).nullish().parse(values(text)) ?? {})
      .filter(([key]) => !sections.some((section) => section === key))
      .sort(([left], [right]) => (left < right ? -1 : 1))
  const read = readConfClient(after)
  const { source, token } = change
  return (
    isDeepStrictEqual(rest(before), rest(after)) &&
    (source === undefined || (read.source ?? null) === source) &&
    (token === undefined || (read.tokenName === token.name && read.tokenSymbol === token.symbol))
  )
}

/** The file of a new installation: every other key has a default. */
export const newConfClient = (change: ConfClientChange): string => changedConfClient('', change)
