export { goldenIndicators } from '../indicators/indicators.golden.ts'
export { differences, GOLDEN_TOLERANCE, type Tolerance } from './differences.ts'
export { type Difference, type GoldenCheck, type GoldenFile, type GoldenSuite, SeriesMissing } from './golden.ts'
