import { runService } from '@colibri/service-kit'
import { backtesting } from './service.ts'

await runService(backtesting)
