import { type Route, routeOf } from './routes.ts'

export type PathMatch =
  | { readonly kind: 'found'; readonly route: Route }
  | { readonly kind: 'wrong-method'; readonly allow: string }
  | { readonly kind: 'unknown' }

export interface PathTable {
  /** Adds `METHOD[,METHOD] /path/{parameter}`; a template outside the route table is ignored. */
  add(entry: string): void
  /** `path` is decoded and has no trailing slash. */
  match(method: string, path: string): PathMatch
}

interface Node {
  readonly literals: Map<string, Node>
  parameter: Node | undefined
  readonly methods: Map<string, Route>
}

/** A template with a parameter that spans slashes. */
interface Spanning {
  readonly pattern: RegExp
  readonly methods: ReadonlySet<string>
  readonly route: Route
}

const spanningParameters = new Set(['{db_path}', '{path}'])
const unknown: PathMatch = { kind: 'unknown' }

const emptyNode = (): Node => ({ literals: new Map(), parameter: undefined, methods: new Map() })
const isParameter = (segment: string): boolean => segment.startsWith('{') && segment.endsWith('}')
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const withoutTrailingSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path

/** The paths the edge knows: the contract's and whatever the services publish besides. Fixed words win over parameters. */
export const createPathTable = (entries: readonly string[]): PathTable => {
  const root = emptyNode()
  const spanning = new Map<string, Spanning[]>()

  const addSpanning = (segments: readonly string[], methods: readonly string[], route: Route): void => {
    const first = segments[0] ?? ''
    const source = segments
      .map((segment) => (spanningParameters.has(segment) ? '.+' : isParameter(segment) ? '[^/]+' : escaped(segment)))
      .join('/')
    const list = spanning.get(first) ?? []
    list.push({ pattern: new RegExp(`^/${source}$`, 's'), methods: new Set(methods), route })
    spanning.set(first, list)
  }

  const add = (entry: string): void => {
    const space = entry.indexOf(' ')
    const methods = entry.slice(0, space).split(',')
    const template = withoutTrailingSlash(entry.slice(space + 1))
    const route = routeOf(template)
    if (route === undefined) return
    const segments = template.slice(1).split('/')
    if (segments.some((segment) => spanningParameters.has(segment))) {
      addSpanning(segments, methods, route)
      return
    }
    let node = root
    for (const segment of segments) {
      if (isParameter(segment)) {
        node.parameter ??= emptyNode()
        node = node.parameter
      } else {
        const next = node.literals.get(segment) ?? emptyNode()
        node.literals.set(segment, next)
        node = next
      }
    }
    for (const method of methods) if (!node.methods.has(method)) node.methods.set(method, route)
  }

  /** Returns the route, or collects the methods of every template the path fits. */
  const walk = (
    node: Node,
    segments: readonly string[],
    index: number,
    method: string,
    allowed: Set<string>,
  ): Route | undefined => {
    if (index === segments.length) {
      const found = node.methods.get(method)
      if (found !== undefined) return found
      for (const name of node.methods.keys()) allowed.add(name)
      return undefined
    }
    const segment = segments[index] ?? ''
    if (segment === '') return undefined
    const literal = node.literals.get(segment)
    if (literal !== undefined) {
      const found = walk(literal, segments, index + 1, method, allowed)
      if (found !== undefined) return found
    }
    return node.parameter === undefined ? undefined : walk(node.parameter, segments, index + 1, method, allowed)
  }

  const match = (method: string, path: string): PathMatch => {
    const segments = path.slice(1).split('/')
    const allowed = new Set<string>()
    const found = walk(root, segments, 0, method, allowed)
    if (found !== undefined) return { kind: 'found', route: found }
    for (const candidate of spanning.get(segments[0] ?? '') ?? []) {
      if (!candidate.pattern.test(path)) continue
      if (candidate.methods.has(method)) return { kind: 'found', route: candidate.route }
      for (const name of candidate.methods) allowed.add(name)
    }
    return allowed.size === 0 ? unknown : { kind: 'wrong-method', allow: [...allowed].sort().join(', ') }
  }

  for (const entry of entries) add(entry)
  return { add, match }
}
