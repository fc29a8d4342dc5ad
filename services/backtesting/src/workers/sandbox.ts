import { createRequire, registerHooks, stripTypeScriptTypes } from 'node:module'

/** What a controller may import; a backtest has no use for more. */
const ALLOWED: ReadonlyMap<string, string> = new Map(
  ['@colibri/strategy', 'zod'].map((name) => [name, import.meta.resolve(name)]),
)

/** Ways out of a controller that Node gives every module without an import. */
const WAYS_OUT = [
  'process',
  'fetch',
  'WebSocket',
  'EventSource',
  'BroadcastChannel',
  'Worker',
  'navigator',
  'localStorage',
  'sessionStorage',
  'global',
]

const SCHEME = 'colibri-controller:'
const sources = new Map<string, string>()
const require = createRequire(import.meta.url)

/**
 * Shuts this process for good: from now on no module but a controller's own can be loaded, and a controller reaches
 * neither files nor network nor other programs, whatever it tries. Call it when everything of one's own is loaded.
 */
export const shutIn = (): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier.startsWith(SCHEME) && sources.has(specifier))
        return { url: specifier, format: 'module', shortCircuit: true }
      const allowed = ALLOWED.get(specifier)
      if (allowed !== undefined) return next(allowed, context)
      const own = [...ALLOWED.values()].some((url) => context.parentURL?.startsWith(new URL('.', url).href) ?? false)
      if (own && specifier.startsWith('.')) return next(specifier, context)
      throw new Error(
        `a controller cannot import '${specifier}', only ${[...ALLOWED.keys()].map((name) => `'${name}'`).join(' and ')}`,
      )
    },
    load: (url, context, next) => {
      const source = sources.get(url)
      return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true }
    },
  })
  for (const name of WAYS_OUT) Reflect.deleteProperty(globalThis, name)
}

/** A user's controller as a module. Throws what its text or its first run throws. */
export const loadOwn = (path: string, source: string): Readonly<Record<string, unknown>> => {
  const url = `${SCHEME}${path}`
  sources.set(url, stripTypeScriptTypes(source, { mode: 'strip' }))
  try {
    return require(url) as Readonly<Record<string, unknown>>
  } finally {
    sources.delete(url)
  }
}
