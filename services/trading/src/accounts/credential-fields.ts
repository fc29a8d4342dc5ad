import type { Connector, CredentialField, Credentials } from '@colibri/exchange'

export type FieldsRead =
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'wrong'; readonly detail: string }

/** The value as the file keeps it; undefined when it is not of the field's type. Says nothing of a secret's content. */
const textOf = ({ type, allowedValues }: CredentialField, value: unknown): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  const text = String(value)
  if (type === 'bool') return /^(true|false|yes|no|on|off|1|0)$/i.test(text) ? text.toLowerCase() : undefined
  if (type === 'int') return /^[+-]?\d+$/.test(text.trim()) ? text.trim() : undefined
  if (allowedValues !== undefined && !allowedValues.includes(text)) return undefined
  return text
}

const expected = ({ type, allowedValues }: CredentialField): string => {
  if (allowedValues !== undefined) return `one of ${allowedValues.join(', ')}`
  if (type === 'bool') return 'true or false'
  if (type === 'int') return 'a whole number'
  return 'text'
}

/** Checks the field map of a request against what the connector takes. Empty and absent optional fields are left out. */
export const credentialFields = ({ name, fields }: Connector, given: Readonly<Record<string, unknown>>): FieldsRead => {
  const wrong = (detail: string): FieldsRead => ({ kind: 'wrong', detail })
  const known = new Map(fields.map((field) => [field.name, field]))
  const unknown = Object.keys(given).find((field) => field !== 'connector' && !known.has(field))
  if (unknown !== undefined) {
    return wrong(`Unknown field '${unknown}' for ${name}; its fields are ${[...known.keys()].join(', ')}`)
  }
  const credentials: Record<string, string> = {}
  for (const field of fields) {
    const value = given[field.name]
    if (value === undefined || value === null || value === '') {
      if (field.required) return wrong(`Field '${field.name}' is required for ${name}`)
      continue
    }
    const text = textOf(field, value)
    if (text === undefined) return wrong(`Field '${field.name}' of ${name} must be ${expected(field)}`)
    credentials[field.name] = text
  }
  return { kind: 'credentials', credentials }
}
