export { defaultApiKey, defaultApiSecret, type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts'
