export { ConfigError, type EdgeConfig, readConfig } from './config.ts'
export { type Edge, startEdge } from './edge.ts'
