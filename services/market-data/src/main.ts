import { runService } from '@colibri/service-kit'
import { marketData } from './service.ts'

await runService(marketData)
