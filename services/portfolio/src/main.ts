import { runService } from '@colibri/service-kit'
import { portfolio } from './service.ts'

await runService(portfolio)
