import type { Ledger } from './agreement.ts'

/** The exchange's own account of what happened. */
export const readLedger = async (simulatorUrl: string): Promise<Ledger> => {
  const response = await fetch(`${simulatorUrl}/control/ledger`)
  return (await response.json()) as Ledger
}

/** Makes the exchange misbehave by rule, until the rule is used up. */
export const injectFault = async (simulatorUrl: string, fault: object): Promise<void> => {
  const response = await fetch(`${simulatorUrl}/control/faults`, {
    method: 'POST',
    body: JSON.stringify(fault),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(`fault refused: ${await response.text()}`)
}
