export { countingProjection } from './counting-projection.ts'
export { type LogFactory, testEventLog } from './event-log.contract.ts'
export { startTestKurrent, type TestKurrent } from './kurrentdb-server.ts'
export { newEvent } from './new-event.ts'
