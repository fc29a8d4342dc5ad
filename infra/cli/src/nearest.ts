/** How many letters must be put in, left out or exchanged to make one text of another. */
const distance = (one: string, other: string): number => {
  let before = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1]
    for (const [column, match] of [...other].entries())
      current.push(
        Math.min(
          (current[column] ?? 0) + 1,
          (before[column + 1] ?? 0) + 1,
          (before[column] ?? 0) + (letter === match ? 0 : 1),
        ),
      )
    before = current
  }
  return before[other.length] ?? 0
}

/** The names that someone may have meant, the nearest first: three at most, none that shares less than half with it. */
export const nearest = (name: string, names: readonly string[]): readonly string[] =>
  names
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => away <= Math.max(name.length, candidate.length) / 3)
    .sort((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
