import { serviceConfig } from '../config.ts'
import { runService } from '../run-service.ts'

/** A service without anything of its own, to be started as a process. */
await runService({ name: 'portfolio', config: serviceConfig(), start: () => ({}) })
