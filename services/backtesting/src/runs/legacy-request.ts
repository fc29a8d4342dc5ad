import { backtestRequest, reshaped } from '@colibri/contracts'

const SETTINGS = ['start_time', 'end_time', 'backtesting_resolution', 'trade_cost', 'mode', 'candles'] as const

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The older forms as the one of today: settings may lie inside `config`, beside the controller's own fields or around a
 * `config` of its own.
 */
export const unnested = (body: unknown): unknown => {
  if (!isObject(body) || !isObject(body.config)) return body
  const { config: inner, ...outer } = body
  const lifted = SETTINGS.filter((name) => name in inner)
  const wraps = isObject(inner.config) || (typeof inner.config === 'string' && !('controller_name' in inner))
  if (lifted.length === 0 && !wraps) return body
  const rest = Object.fromEntries(
    Object.entries(inner).filter(([name]) => !SETTINGS.some((setting) => setting === name)),
  )
  return {
    ...outer,
    ...Object.fromEntries(lifted.map((name) => [name, inner[name]])),
    config: wraps ? inner.config : rest,
  }
}

export const legacyRequest = reshaped(unnested, backtestRequest)
