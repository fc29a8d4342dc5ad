export interface TapFailures {
  /** The next line of tap's output. */
  line(line: string): void
  /** What failed, one text each: the way to it from the file inwards, and what tap said of it. */
  all(): readonly string[]
}

/** Words of a failure that are kept: enough for a difference of two values, not for a whole log. */
const KEPT_LINES = 60

/**
 * Collects the failures of a TAP stream with subtests, so that they can be said once more at its end, where people and
 * logs that keep only their last part look. A subtest that failed for what is inside it is not said again.
 */
export const tapFailures = (): TapFailures => {
  const failures: string[][] = []
  /** The open subtests, outermost first. */
  const path: { depth: number; name: string }[] = []
  /** Where the last failure was that has not been answered for by the subtest around it. */
  let failedAt = 0
  let collecting: string[] | null = null
  return {
    line: (line) => {
      const [, indent = '', rest = ''] = /^( *)(.*)$/.exec(line) ?? []
      const depth = indent.length
      const subtest = /^# Subtest: (.*)$/.exec(rest)
      const point = /^(not )?ok \d+(?: - (.*))?$/.exec(rest)
      if (subtest !== null) {
        while ((path.at(-1)?.depth ?? -1) >= depth) path.pop()
        path.push({ depth, name: subtest[1] ?? '' })
        collecting = null
      } else if (point !== null) {
        while ((path.at(-1)?.depth ?? -1) > depth) path.pop()
        collecting = null
        if (point[1] === undefined) return
        const answeredFor = depth < failedAt
        failedAt = depth
        if (answeredFor) return
        const within = path.filter((open) => open.depth < depth).map(({ name }) => name)
        collecting = [[...within, (point[2] ?? '').replace(/ # time=.*$/, '')].join(' > ')]
        failures.push(collecting)
      } else if (collecting !== null && collecting.length <= KEPT_LINES && rest !== '' && !/^1\.\.\d/.test(rest)) {
        collecting.push(line)
      }
    },
    all: () => failures.map((lines) => lines.join('\n')),
  }
}
