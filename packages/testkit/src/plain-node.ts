/**
 * The first two arguments of `spawn` for a Node program as its users run it: tap loads its own instruments into every
 * process a test starts, and into theirs, which doubles the time of each start and answers signals for them.
 */
export const plainNode = (...args: readonly string[]): readonly [command: string, args: readonly string[]] => [
  '/usr/bin/env',
  ['-u', 'NODE_OPTIONS', process.execPath, ...args],
]

const spawnHook = Symbol.for('process-on-spawn@*:singletonId')

/** For a test whose code under test starts Node programs itself, and where these must be as users run them. */
export const plainChildren = (): void => {
  const hook: unknown = Reflect.get(globalThis, spawnHook)
  if (typeof hook === 'object' && hook !== null && 'unwrap' in hook && typeof hook.unwrap === 'function') hook.unwrap()
}
