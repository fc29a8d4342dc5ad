import { readConfig } from './config.ts'
import { startSimulator } from './simulator.ts'

/** Wrong settings fail as a taken port does: one sentence and code 1. */
const start = async () => startSimulator(readConfig())

const fail = (error: unknown): never => {
  process.stderr.write(`exchange-simulator: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const simulator = await start().catch(fail)
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
