import type { Controller } from '../controllers/controller.ts'
import { fieldsOf } from '../controllers/fields.ts'

/** A configuration as it was given, and the defaults of what was left out, as a user would write them. */
export const shownConfig = (
  controller: Controller | undefined,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const fields = controller === undefined ? {} : (fieldsOf(controller.schema) ?? {})
  const defaults = Object.entries(fields)
    .filter(([, meta]) => meta.hidden !== true && 'default' in meta)
    .map(([name, meta]) => [name, meta.default])
  return { ...Object.fromEntries(defaults), ...given }
}
