export { type LogFactory, testEventLog } from './event-log.contract.ts'
export { newEvent } from './new-event.ts'
