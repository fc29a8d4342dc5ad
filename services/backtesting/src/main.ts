import { runService, serviceConfig } from '@colibri/service-kit'

await runService({ name: 'backtesting', config: serviceConfig(), start: () => ({}) })
