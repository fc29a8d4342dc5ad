/** A request Binance refuses: HTTP status, its error code and its message. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
  readonly code: number
  readonly status: number
  constructor(code: number, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export const insufficientBalance = (): Rejection =>
  new Rejection(-2010, 'Account has insufficient balance for requested action.')
export const wouldTake = (): Rejection => new Rejection(-2010, 'Order would immediately match and take.')
export const duplicateOrder = (): Rejection => new Rejection(-2010, 'Duplicate order sent.')
export const unknownOrder = (): Rejection => new Rejection(-2013, 'Order does not exist.')
export const unknownCancel = (): Rejection => new Rejection(-2011, 'Unknown order sent.')
export const invalidSymbol = (): Rejection => new Rejection(-1121, 'Invalid symbol.')
export const missing = (name: string): Rejection =>
  new Rejection(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
export const filterFailure = (filter: string): Rejection => new Rejection(-1013, `Filter failure: ${filter}`)
export const insufficientMargin = (): Rejection => new Rejection(-2019, 'Margin is insufficient.')
export const reduceOnlyRejected = (): Rejection => new Rejection(-2022, 'ReduceOnly Order is rejected.')
