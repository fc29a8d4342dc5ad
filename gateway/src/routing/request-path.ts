/** A request target taken apart: what to match and what to forward. */
export interface RequestPath {
  /** Percent-decoded, one trailing slash removed. */
  readonly path: string
  /** The same path as it is sent on, encoded again where it was encoded. */
  readonly forwarded: string
  /** With its `?`, or empty. Never touched. */
  readonly query: string
}

const authority = /^https?:\/\/[^/?]*/i

/**
 * Encoded slashes are decoded before matching, so `%2F` adds segments, and both slash forms of a path are the same path.
 * Returns undefined for a target that cannot be decoded.
 */
export const parseRequestPath = (target: string): RequestPath | undefined => {
  const relative = target.startsWith('/') ? target : target.replace(authority, '')
  const question = relative.indexOf('?')
  const query = question < 0 ? '' : relative.slice(question)
  const raw = question < 0 ? relative : relative.slice(0, question)
  if (raw === '' || raw === '/') return { path: '/', forwarded: '/', query }
  if (!raw.startsWith('/')) return undefined
  if (!raw.includes('%')) {
    const path = raw.endsWith('/') ? raw.slice(0, -1) : raw
    return { path, forwarded: path, query }
  }
  let decoded: string
  try {
    decoded = decodeURIComponent(raw)
  } catch {
    return undefined
  }
  const path = decoded.endsWith('/') ? decoded.slice(0, -1) : decoded
  return { path, forwarded: path.split('/').map(encodeURIComponent).join('/'), query }
}
