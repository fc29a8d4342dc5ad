/** What ccxt keeps under `urls.api`: texts, nested by kind of endpoint. */
export type UrlTree = string | { readonly [key: string]: UrlTree }

export interface BaseUrls {
  readonly rest?: string | undefined
  readonly ws?: string | undefined
}

const origin = /^(https?|wss?):\/\/[^/]+/

const replaced = (url: string, { rest, ws }: BaseUrls): string => {
  const match = origin.exec(url)
  if (match === null) return url
  const root = match[1]?.startsWith('ws') ? ws : rest
  return root === undefined ? url : `${root.replace(/\/+$/, '')}${url.slice(match[0].length)}`
}

/** Every URL of the tree with its host replaced and its path kept, so that one root serves all of an exchange's hosts. */
export const withBaseUrls = (tree: UrlTree, urls: BaseUrls): UrlTree =>
  typeof tree === 'string'
    ? replaced(tree, urls)
    : Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withBaseUrls(value, urls)]))

const leaves = (tree: UrlTree): string[] => (typeof tree === 'string' ? [tree] : Object.values(tree).flatMap(leaves))

/**
 * Undoes `withBaseUrls` for one request URL. ccxt tells some venues' error codes apart by the exchange's own host; behind
 * another host the codes of a futures API would be read as those of the spot API.
 */
export const originalUrl = (tree: UrlTree, urls: BaseUrls): ((url: string) => string) => {
  const pairs = leaves(tree)
    .map((original) => [replaced(original, urls), original] as const)
    .filter(([rewritten, original]) => rewritten !== original)
    .sort(([left], [right]) => right.length - left.length)
  return (url) => {
    const hit = pairs.find(([rewritten]) => url.startsWith(rewritten))
    return hit === undefined ? url : `${hit[1]}${url.slice(hit[0].length)}`
  }
}
