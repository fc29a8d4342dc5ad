export * from './decimal-text.ts'
export * from './issues.ts'
export * from './types.ts'
