export { type TearsDown, temporaryFolder } from './temporary-folder.ts'
export { type TestNats, type TestNatsOptions, testNats } from './test-nats.ts'
export { type TestPostgres, testPostgres } from './test-postgres.ts'
export { testSimulator } from './test-simulator.ts'
