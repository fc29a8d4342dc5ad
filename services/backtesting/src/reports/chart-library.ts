import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ChartLibrary } from '@colibri/strategy'

let library: ChartLibrary | undefined

/** uPlot as it was installed: small, fast on hundreds of thousands of rows, and whole in one file. Read once. */
export const chartLibrary = (): ChartLibrary => {
  library ??= read()
  return library
}

const read = (): ChartLibrary => {
  const folder = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  const text = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8')
  const { version } = JSON.parse(text('package.json')) as { readonly version: string }
  return {
    // Its first line is a comment with an address; a page that asks for nothing names none.
    script: text('dist', 'uPlot.iife.min.js').replace(/^\/\*!.*?\*\/\s*/s, ''),
    style: text('dist', 'uPlot.min.css'),
    notice: `uPlot ${version}\n\n${text('LICENSE').trim()}`,
  }
}
