import { z } from 'zod'

/** What a template tells about a field besides its type. */
export interface FieldMeta {
  /** May be changed while the controller runs. */
  readonly updatable?: true
  /** Is asked for when a configuration is made by hand. */
  readonly prompt?: string
}

/** Keeps what a template tells of a field beside its schema. */
export const FIELD_META = z.registry<FieldMeta>()

/** The schema of a controller's configuration: every field with its default, each default parsed like any other value. */
export type ControllerSchema<Config> = z.ZodType<Config>
