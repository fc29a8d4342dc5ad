import type { KeyPermissions } from '@colibri/exchange'

/** What whoever made a key should think about again. Colibri itself never withdraws. */
export const warningsOf = ({ trade, withdraw, ipRestricted }: KeyPermissions): string[] => {
  const warnings: string[] = []
  if (withdraw === 'yes') {
    const from = ipRestricted === 'no' ? ', and the venue takes it from any address' : ''
    warnings.push(`This key may withdraw funds${from}. Colibri never does: use one without that permission.`)
  }
  if (trade === 'no') warnings.push('This key may not trade: orders will be refused by the venue.')
  return warnings
}
