import { runService, serviceConfig } from '@colibri/service-kit'

await runService({ name: 'gateway-dex', config: serviceConfig(), start: () => ({}) })
