export type { Api, Reply } from './api.ts'
export { type Colibri, type Run, startColibri } from './colibri.ts'
