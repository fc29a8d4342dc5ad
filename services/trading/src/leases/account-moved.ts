import { type ApiError, unavailable } from '@colibri/service-kit'

/** The account has another owner by now: nothing was done for it here. */
export const accountMoved = (accountName: string): ApiError =>
  unavailable(`Account '${accountName}' is moving to another trading process: send the request again in a moment`)
