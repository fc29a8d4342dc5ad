import { runService } from '@colibri/service-kit'
import { giveWay } from './give-way.ts'
import { backtesting } from './service.ts'

/** A little behind the services that answer traders: results of a hundred megabytes pass through here. */
const NICE = 5

giveWay(process.pid, NICE)
await runService(backtesting)
