import { runService, serviceConfig } from '@colibri/service-kit'

await runService({ name: 'orchestration', config: serviceConfig(), start: () => ({}) })
