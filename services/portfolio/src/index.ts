export { portfolio } from './service.ts'

/** Read models this service builds from the log: none. */
export const projections = []
