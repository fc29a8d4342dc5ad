import { z } from 'zod'
import { type SimulatorOptions, startSimulator } from './simulator.ts'

const environment = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_STATE_DIR: z.string().optional(),
  SIMULATOR_API_KEY: z.string().optional(),
  SIMULATOR_API_SECRET: z.string().optional(),
  SIMULATOR_SEED: z.coerce.number().int().default(1),
  SIMULATOR_SPEED: z.coerce.number().min(0).default(1),
  SIMULATOR_CONTROL_TOKEN: z.string().optional(),
})

const parsed = environment.safeParse(process.env)
if (!parsed.success) {
  process.stderr.write(`exchange-simulator: ${z.prettifyError(parsed.error)}\n`)
  process.exit(1)
}
const config = parsed.data
const options: SimulatorOptions = {
  port: config.SIMULATOR_PORT,
  host: config.SIMULATOR_HOST,
  seed: config.SIMULATOR_SEED,
  speed: config.SIMULATOR_SPEED,
  ...(config.SIMULATOR_STATE_DIR === undefined ? {} : { stateDir: config.SIMULATOR_STATE_DIR }),
  ...(config.SIMULATOR_API_KEY === undefined ? {} : { apiKey: config.SIMULATOR_API_KEY }),
  ...(config.SIMULATOR_API_SECRET === undefined ? {} : { apiSecret: config.SIMULATOR_API_SECRET }),
  ...(config.SIMULATOR_CONTROL_TOKEN === undefined ? {} : { controlToken: config.SIMULATOR_CONTROL_TOKEN }),
}

const fail = (error: unknown): never => {
  process.stderr.write(`exchange-simulator: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const simulator = await startSimulator(options).catch(fail)
const { close, ...listening } = simulator
process.stdout.write(`${JSON.stringify({ listening })}\n`)

let ending = false
const end = (): void => {
  if (ending) return
  ending = true
  close().then(() => process.exit(0), fail)
}
process.on('SIGTERM', end)
process.on('SIGINT', end)
// A parent that was killed cannot say so: its child is handed to another.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) end()
}, 500)
