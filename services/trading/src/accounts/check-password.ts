import type { AccountFiles } from './account-files.ts'

/** Says so in the log when the stored credentials cannot be used with this password. */
export const checkPassword = async (files: AccountFiles, logger: { error(text: string): void }): Promise<void> => {
  if (await files.passwordFits()) return
  logger.error('CONFIG_PASSWORD is not the password the stored credentials were encrypted with: they cannot be used')
}
