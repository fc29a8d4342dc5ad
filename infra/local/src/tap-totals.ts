export interface Totals {
  passed: number
  failed: number
}

/** What tap counted, from its last line `# { total: 5, pass: 4, fail: 1 }`; keys that are 0 are missing there. */
export const tapTotals = (line: string): Totals | null => {
  const found = /^# \{ (total: \d+.*) \}$/.exec(line.trim())
  if (found === null) return null
  const count = (key: string): number => Number(new RegExp(`\\b${key}: (\\d+)`).exec(found[1] ?? '')?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail') }
}
