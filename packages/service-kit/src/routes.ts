import type { Request } from 'express'

/** As much of Express's router as is needed to ask which routes match a path. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
  match(path: string): boolean
}

const layersOf = (request: Request): readonly Layer[] => {
  const router: unknown = request.app.router
  if (typeof router !== 'function' || !('stack' in router) || !Array.isArray(router.stack)) return []
  return router.stack
}

/** Methods under which the request's path has a route, upper case, in no particular order. */
export const allowedMethods = (request: Request): string[] => {
  const methods = new Set<string>()
  for (const layer of layersOf(request)) {
    if (!layer.route || !matches(layer, request.path)) continue
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase())
  }
  return [...methods].sort()
}

/** A path that cannot be decoded matches nothing. */
const matches = (layer: Layer, path: string): boolean => {
  try {
    return layer.match(path)
  } catch {
    return false
  }
}

/** The template a request was routed by, `/trading/orders/:id/cancel`: metric labels must not grow with ids. */
export const routeTemplate = (request: Request): string => {
  const route: unknown = request.route
  if (typeof route !== 'object' || route === null || !('path' in route)) return 'unmatched'
  return typeof route.path === 'string' ? route.path : 'unmatched'
}
