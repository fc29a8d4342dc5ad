const WIDTH = 24

/** A share of 1 as a bar, with its per cent. */
export const progressBar = (share: number): string => {
  const done = Math.min(Math.max(share, 0), 1)
  const full = Math.round(done * WIDTH)
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.round(done * 100)} %`
}
