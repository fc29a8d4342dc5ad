import type { QueryConfig } from 'pg'

/**
 * The query with a limit on how long its answer may take; past it the query fails and the pool drops the connection.
 * The driver reads `query_timeout` from each query, which its types do not say.
 */
export const within = (ms: number, config: QueryConfig): QueryConfig => {
  const timed: QueryConfig & { readonly query_timeout: number } = { ...config, query_timeout: ms }
  return timed
}
