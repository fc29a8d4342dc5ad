export * from './decider.ts'
export * from './event-id.ts'
export * from './event-log.ts'
export * from './fence.ts'
export * from './handle-command.ts'
export type { KurrentLogOptions } from './kurrentdb-log.ts'
export { type Candidacy, type Holder, whileLeader } from './leadership.ts'
export { openKurrentLog } from './open-kurrentdb-log.ts'
export * from './postgres-leases.ts'
export * from './postgres-log.ts'
export * from './projection.ts'
export * from './rebuild-projection.ts'
export * from './relay.ts'
export { POSITION_HEADER } from './relay-stream.ts'
export * from './run-projection.ts'
export { SEALS_FILE } from './seal-anchors.ts'
export { type RunningSealing, type SealingOptions, SealsForged, startSealing } from './seal-log.ts'
export { type TableDigest, tableDigests } from './table-digests.ts'
export * from './upcasting.ts'
export * from './verify-log.ts'
export {
  type SealFinding,
  type SealVerification,
  sealedInLog,
  sealedInPostgres,
  verifySeals,
} from './verify-seals.ts'
