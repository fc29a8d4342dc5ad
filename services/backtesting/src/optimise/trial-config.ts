import type { BacktestSpec } from '@colibri/contracts'
import { type Json, type Parameters, withParameters } from '@colibri/strategy'

/** The configuration of a trial, or the field that finds no place in it. */
export const trialConfig = (config: BacktestSpec['config'], parameters: Parameters) =>
  // It came as JSON or YAML, or went through the log.
  withParameters(config as Readonly<Record<string, Json>>, parameters)
