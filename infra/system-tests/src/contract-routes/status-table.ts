import type { Route } from './contract.ts'

const begin = (name: string): string => `<!-- routes of ${name}: begin -->`
const end = (name: string): string => `<!-- routes of ${name}: end -->`

export interface RouteResult {
  readonly route: Route
  /** 101 for a socket that was opened; 0 where nothing answered. */
  readonly status: number
  /** What the reply was checked against. */
  readonly shape: string
  readonly problems: readonly string[]
}

/** Results as a table with aligned columns. */
export const routeTable = (results: readonly RouteResult[]): string => {
  const rows = results.map(({ route, status, shape, problems }) => [
    `\`${route.method} ${route.path}\``,
    route.kind,
    String(status),
    problems.length === 0 ? `fits (${shape})` : `**differs (${shape})**`,
  ])
  const head = ['route', 'kind', 'status', 'shape']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

const place = (page: string, name: string): { readonly from: number; readonly to: number } => {
  const from = page.indexOf(begin(name))
  const to = page.indexOf(end(name))
  if (from < 0 || to < from) throw new Error(`the page has no ${begin(name)} … ${end(name)}`)
  return { from: from + begin(name).length, to }
}

/** What stands between the markers of the table of that name. */
export const tableIn = (page: string, name: string): string => {
  const { from, to } = place(page, name)
  return page.slice(from, to).trim()
}

/** The page with another table between its markers. */
export const withTable = (page: string, name: string, table: string): string => {
  const { from, to } = place(page, name)
  return `${page.slice(0, from)}\n\n${table}\n\n${page.slice(to)}`
}
