/** What `npm run backtest` needs to write a report, without the service around it. */
export { chartLibrary } from './chart-library.ts'
