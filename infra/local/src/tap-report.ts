export interface TapReport {
  /** The next line of tap's output. */
  line(line: string): void
  /** What failed, one text each: the way to it from the file inwards, and what tap said of it. */
  failures(): readonly string[]
  /** What was skipped, one text each: the way to it, and why. */
  skipped(): readonly string[]
}

/** Words of a failure that are kept: enough for a difference of two values, not for a whole log. */
const KEPT_LINES = 60

/**
 * Collects what failed and what was skipped in a TAP stream with subtests, so that it can be said once more at its end,
 * where people and logs that keep only their last part look. A subtest that failed for what is inside it is not said again.
 */
export const tapReport = (): TapReport => {
  const failures: string[][] = []
  const skipped: string[] = []
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
      const point = /^(not )?ok \d+(?: - (.*?))?(?: # (?:time=.*|SKIP ?(.*)))?$/.exec(rest)
      if (subtest !== null) {
        while ((path.at(-1)?.depth ?? -1) >= depth) path.pop()
        path.push({ depth, name: subtest[1] ?? '' })
        collecting = null
      } else if (point !== null) {
        const [, not, name = '', reason] = point
        while ((path.at(-1)?.depth ?? -1) > depth) path.pop()
        collecting = null
        const within = path.filter((open) => open.depth < depth).map((open) => open.name)
        const way = [...within, name].join(' > ')
        if (reason !== undefined) skipped.push(`${way}: ${reason}`)
        if (not === undefined) return
        const answeredFor = depth < failedAt
        failedAt = depth
        if (answeredFor) return
        collecting = [way]
        failures.push(collecting)
      } else if (collecting !== null && collecting.length <= KEPT_LINES && rest !== '' && !/^1\.\.\d/.test(rest)) {
        collecting.push(line)
      }
    },
    failures: () => failures.map((lines) => lines.join('\n')),
    skipped: () => skipped,
  }
}
