import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Candles } from '../candles.ts'
import { type GoldenCheck, type GoldenSuite, SeriesMissing } from './golden.ts'
import { randomWalk, WALKS } from './random-walk.ts'
import { candlesOfCsv, longerCandles } from './series.ts'

export interface GoldenFolder {
  readonly checks: readonly GoldenCheck[]
  /** JSON files, from the folder, that no suite knows, and whether something is expected in them. */
  readonly others: readonly { readonly file: string; readonly holds: 'cases' | 'none' }[]
}

/**
 * The checks of all files of cases in a folder and in the folders inside it, whatever their names are. A series of candles
 * is looked for beside a file, in `candles/` there, in the folders above up to `folder`, and in `elsewhere`; the ones
 * that the cases describe by their seeds are made where there is no file.
 */
export const readGoldenFolder = (
  folder: string,
  suites: readonly GoldenSuite[],
  elsewhere: readonly string[] = [],
): GoldenFolder => {
  const seen = new Map<string, Candles>()
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const read = files.map((file) => {
    const places = [...foldersUpTo(dirname(file), folder), ...elsewhere].flatMap((place) => [
      place,
      join(place, 'candles'),
    ])
    const series = (name: string): Candles => seriesOf(name, places, seen)
    const text = readFileSync(file, 'utf8')
    const content = parsed(text)
    if (content instanceof SyntaxError)
      return { file: relative(folder, file), checks: [unreadable(content)], expects: false }
    const checks = suites.flatMap((suite) => suite({ name: basename(file), content, series }) ?? [])
    return { file: relative(folder, file), checks, expects: expectsSomething(content) }
  })
  return {
    checks: read.flatMap(({ file, checks }) => checks.map(({ name, run }) => ({ name: `${file} ${name}`, run }))),
    others: read
      .filter(({ checks }) => checks.length === 0)
      .map(({ file, expects }) => ({ file, holds: expects ? 'cases' : 'none' })),
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}

const unreadable = (error: SyntaxError): GoldenCheck => ({
  name: 'as a whole',
  run: () => {
    throw error
  },
})

const expectsSomething = (content: unknown): boolean =>
  Array.isArray(content) && content.some((item) => typeof item === 'object' && item !== null && 'expected' in item)

const foldersUpTo = (from: string, top: string): readonly string[] =>
  relative(top, from) === '' ? [from] : [from, ...foldersUpTo(dirname(from), top)]

const seriesOf = (name: string, places: readonly string[], seen: Map<string, Candles>): Candles => {
  const paths = places.flatMap((place) => [join(place, `${name}.csv`), join(place, `${name}.csv.gz`)])
  const path = paths.find((candidate) => existsSync(candidate))
  const key = path ?? name
  const candles = seen.get(key) ?? (path === undefined ? generated(name) : fromFile(path))
  seen.set(key, candles)
  return candles
}

const fromFile = (path: string): Candles => {
  const bytes = readFileSync(path)
  return candlesOfCsv((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
}

const generated = (name: string): Candles => {
  const walk = WALKS[name]
  if (walk !== undefined) return randomWalk(walk)
  const [, base = '', minutes = ''] = /^(.*)_(\d+)m$/.exec(name) ?? []
  const shorter = WALKS[base]
  if (shorter === undefined) throw new SeriesMissing(`there is no series of candles ${name}.csv beside the cases`)
  const longer = longerCandles(randomWalk(shorter), 60 * Number(minutes))
  return { ...longer, volume: longer.volume.map((volume) => Math.floor(volume * 1000 + 0.5) / 1000) }
}
