/** Where a controller is: before its first row, or in a row, counted from 1, of a time in seconds. */
export type Step = { readonly kind: 'before' } | { readonly kind: 'row'; readonly row: number; readonly time: number }

/** What the author of a controller is told, by whoever notices first: its worker or the one who watches it. */
export const tooLate = (controller: string, timeLimitMs: number): string =>
  `Controller ${controller} ran for more than the ${timeLimitMs / 1000} s that a backtest may take`

/** `step`: undefined when its worker cannot say. */
export const stoodStill = (controller: string, limitMs: number, step: Step | undefined): string =>
  `Controller ${controller} stood still for more than ${limitMs / 1000} s${placeOf(step)}`

const placeOf = (step: Step | undefined): string => {
  switch (step?.kind) {
    case undefined:
      return ''
    case 'before':
      return ' before its first row'
    case 'row':
      return ` in row ${step.row}, ${new Date(step.time * 1_000).toISOString()}`
  }
}
