import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

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

/** The Chromium of this machine, or undefined when it has none. `CHROMIUM_BIN` names one elsewhere. */
export const chromiumBinary = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const candidates = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...usual]
  return [...(env.CHROMIUM_BIN === undefined ? [] : [env.CHROMIUM_BIN]), ...candidates].find(runs)
}

/** Without a display; ended by the caller. */
export const launchChromium = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath })
