import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Browser } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const usual = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/snap/bin/chromium']

const runs = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * The Chromium of this machine, or undefined when it has none. `CHROMIUM_BIN` names one elsewhere. Throws in continuous
 * integration, where pages are always seen.
 */
export const chromiumBinary = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const candidates = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...usual]
  const found = [...(env.CHROMIUM_BIN === undefined ? [] : [env.CHROMIUM_BIN]), ...candidates].find(runs)
  if (found === undefined && env.CI !== undefined && env.CI !== '')
    throw new Error('There is no Chromium to see pages in: install it, or name one by CHROMIUM_BIN.')
  return found
}

/** Without a display; ended by the caller. */
export const launchChromium = async (executablePath: string): Promise<Browser> => {
  // Most tests need no browser, and loading its driver takes a while.
  const { chromium } = await import('playwright-core')
  return chromium.launch({ executablePath })
}
