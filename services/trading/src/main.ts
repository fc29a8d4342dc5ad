import { runService } from '@colibri/service-kit'
import { tradingConfig } from './config.ts'
import { startTrading } from './trading.ts'

await runService({ name: 'trading', config: tradingConfig, start: startTrading })
