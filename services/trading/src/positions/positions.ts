import { catalogue, type VenuePosition } from '@colibri/exchange'
import type { AccountFiles } from '../accounts/account-files.ts'
import type { AccountVenues } from '../accounts/account-venues.ts'

export interface AccountPosition extends VenuePosition {
  readonly accountName: string
  readonly connectorName: string
}

export interface PositionsDeps {
  readonly files: AccountFiles
  readonly venues: AccountVenues
  report(error: unknown, what: string): void
}

/** Open positions, as their venues tell them now. */
export interface Positions {
  /** A venue that cannot be asked in time is left out and reported. Null and an empty list filter nothing. */
  list(accountNames: readonly string[] | null, connectorNames: readonly string[] | null): Promise<AccountPosition[]>
}

const among = (names: readonly string[] | null, name: string): boolean =>
  names === null || names.length === 0 || names.includes(name)

export const isPerpetual = (connectorName: string): boolean =>
  catalogue.some(({ name, market }) => name === connectorName && market === 'perpetual')

export const createPositions = ({ files, venues, report }: PositionsDeps): Positions => {
  const held = async (accountName: string, connectorName: string): Promise<AccountPosition[]> => {
    try {
      const access = await venues.access(accountName, connectorName)
      if (access.kind !== 'open') return []
      const positions = await access.venue.positions()
      return positions.map((position) => ({ ...position, accountName, connectorName }))
    } catch (error) {
      report(error, `positions of ${connectorName}`)
      return []
    }
  }

  return {
    async list(accountNames, connectorNames) {
      const accounts = (await files.accounts()).filter((name) => among(accountNames, name))
      const lists = await Promise.all(
        accounts.map(async (accountName) => {
          const connectors = await files.connectors(accountName)
          return Promise.all(
            connectors
              .filter((name) => among(connectorNames, name) && isPerpetual(name))
              .map((connectorName) => held(accountName, connectorName)),
          )
        }),
      )
      return lists.flat(2)
    },
  }
}
