import { type Simulator, type SimulatorOptions, startSimulator } from '@colibri/exchange-simulator'
import type { TearsDown } from './temporary-folder.ts'

/** A real exchange simulator on a free port, with nothing on disk unless `stateDir` is given; gone when the test ends. */
export const testSimulator = async (t: TearsDown, options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await startSimulator(options)
  t.teardown(() => simulator.close())
  return simulator
}
