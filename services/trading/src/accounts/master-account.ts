import { type AccountFiles, MASTER_ACCOUNT } from './account-files.ts'

export interface SimulatorKey {
  readonly key: string
  readonly secret: string
}

/**
 * The account everybody has. On the very first start it gets the simulator's credentials, so that the first request has
 * something to show; a user who removes them later keeps them removed.
 */
export const prepareMasterAccount = async (files: AccountFiles, simulator: SimulatorKey | undefined): Promise<void> => {
  const isNew = await files.ensureMaster()
  if (!isNew || simulator === undefined) return
  const { key, secret } = simulator
  await Promise.all([
    files.write(MASTER_ACCOUNT, 'simulator', { simulator_api_key: key, simulator_api_secret: secret }),
    files.write(MASTER_ACCOUNT, 'simulator_perpetual', {
      simulator_perpetual_api_key: key,
      simulator_perpetual_api_secret: secret,
    }),
  ])
}
