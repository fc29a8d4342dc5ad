import { setPriority } from 'node:os'
import { runService } from '@colibri/service-kit'
import { backtesting } from './service.ts'

/** A little behind the services that answer traders: results of a hundred megabytes pass through here. */
const NICE = 5

try {
  setPriority(NICE)
} catch {
  // Where a process may not give way, it runs all the same.
}
await runService(backtesting)
