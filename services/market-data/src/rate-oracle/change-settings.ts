import type { RateOracleUpdateRequest } from '@colibri/contracts'
import { badRequest } from '@colibri/service-kit'
import { pythonList, pythonText } from '../venue-calls/python-text.ts'
import type { OracleChange } from './rate-oracle.ts'

const LONGEST = 64

/** Text that a line of YAML can hold and every reader of it takes. */
const isPlainText = (text: string): boolean =>
  text.isWellFormed() && text.length <= LONGEST && !/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u.test(text)

/** What an update asks for. Throws a 400 that names the wrong value and what would be right. */
export const changeOf = (request: RateOracleUpdateRequest, sources: readonly string[]): OracleChange => {
  const { rate_oracle_source: source, global_token: token } = request
  if (source !== null && !sources.includes(source.name)) {
    throw badRequest(`Invalid rate oracle source: ${source.name}. Available sources: ${pythonList(sources)}`)
  }
  if (token !== null) {
    const { global_token_name: name, global_token_symbol: symbol } = token
    if (!isPlainText(name) || !/^[^\s-]+$/.test(name)) {
      throw badRequest(
        `Invalid global token name ${pythonText(name)}. Expected a token such as USDT: no space, no hyphen, at most ${LONGEST} characters`,
      )
    }
    if (!isPlainText(symbol)) {
      throw badRequest(
        `Invalid global token symbol ${pythonText(symbol)}. Expected a text such as $: one line, at most ${LONGEST} characters`,
      )
    }
  }
  return {
    ...(source === null ? {} : { source: source.name }),
    ...(token === null ? {} : { token: { name: token.global_token_name, symbol: token.global_token_symbol } }),
  }
}

/** What was changed, in the contract's words. */
export const changeMessage = ({ source, token }: OracleChange): string => {
  const parts = [
    ...(source === undefined ? [] : [`rate_oracle_source updated to ${source}`]),
    ...(token === undefined
      ? []
      : [`global_token_name updated to ${token.name}`, `global_token_symbol updated to ${token.symbol}`]),
  ]
  return parts.length === 0 ? 'No changes made' : parts.join('; ')
}
