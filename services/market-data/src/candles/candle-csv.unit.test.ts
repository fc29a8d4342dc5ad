import t from 'tap'
import { CandleCsv, CandleFileInvalid, EXPORT_HEADER } from './candle-csv.ts'

const NOW = Date.parse('2024-03-01T00:00:00Z')
const START = 1_704_067_200

const read = (lines: readonly string[], interval = '5m') => {
  const csv = new CandleCsv(interval, NOW)
  const rows = lines.flatMap((line) => csv.take(line) ?? [])
  csv.end()
  return { csv, rows }
}

const problems = (lines: readonly string[], interval?: string): readonly string[] => {
  try {
    read(lines, interval)
    return []
  } catch (error) {
    if (error instanceof CandleFileInvalid) return error.problems
    throw error
  }
}

const HEADER = 'timestamp_s,open,high,low,close,volume'
const row = (seconds: number, rest = '1,2,0.5,1.5,3') => `${seconds},${rest}`

t.test('rows as COPY takes them, with what the file lacks as 0', async (t) => {
  const { csv, rows } = read([HEADER, row(START), row(START + 300, '42283.58,42397.23,42261.02,42397.23,155.25731')])
  t.same(rows, [
    '1704067200000\t1\t2\t0.5\t1.5\t3\t0\t0\t0\t0',
    '1704067500000\t42283.58\t42397.23\t42261.02\t42397.23\t155.25731\t0\t0\t0\t0',
  ])
  t.same(csv.columns, ['time', 'open', 'high', 'low', 'close', 'volume'])
  t.same([csv.first, csv.last, csv.rows], [START * 1000, (START + 300) * 1000, 2])
})

t.test('all ten columns, in any order, quoted, with Windows line ends', async (t) => {
  t.same(read([`\uFEFF${EXPORT_HEADER}\r`, `${START},1,2,0.5,1.5,3,4,5,6,7\r`]).rows, [
    '1704067200000\t1\t2\t0.5\t1.5\t3\t4\t5\t6\t7',
  ])
  t.same(
    read(['"close","volume","open","n_trades","low","high","time"', `"1.5","3","1","9","0.5","2","${START}"`]).rows,
    ['1704067200000\t1\t2\t0.5\t1.5\t3\t0\t9\t0\t0'],
  )
})

t.test('bad rows are named with their line and what would be right', async (t) => {
  const wrong: readonly [string, string | RegExp][] = [
    [row(START + 1), 'time 1704067201 (2024-01-01T00:00:01Z) is no 5m candle; the one it lies in opens at 1704067200'],
    [row(START * 1000), 'time 1704067200000 is not in seconds'],
    ['2024-01-01,1,2,0.5,1.5,3', "timestamp is '2024-01-01' and must be a number that is not negative"],
    [row(START, '1,1.2,0.5,1.5,3'), 'high is 1.2 and must be at least 1.5, the highest of open, low and close'],
    [row(START, '1,2,1.2,1.5,3'), 'low is 1.2 and must be at most 1, the lowest of open, high and close'],
    [row(START, '1,2,0.5,1.5,-3'), "volume is '-3' and must be a number that is not negative"],
    [row(START, '1,2,0.5,1.5,NaN'), "volume is 'NaN' and must be a number that is not negative"],
    [row(START, '1,2,0.5,1.5,1e999'), "volume is '1e999' and must be a number that is not negative"],
    [row(START, '1,2,0,1.5,3'), 'prices must be more than 0'],
    [row(START, '1,2,0.5,1.5'), '5 fields instead of 6'],
    [row(NOW / 1000), /^time 1709251200 \(2024-03-01T00:00:00Z\): the candle is not closed yet/],
  ]
  for (const [line, problem] of wrong) {
    const found = problems([HEADER, '', line])
    t.equal(found.length, 1)
    if (typeof problem === 'string') t.equal(found[0], `line 3: ${problem}`)
    else t.match(found[0]?.slice('line 3: '.length), problem)
  }
})

t.test('rows out of order, and a time twice', async (t) => {
  const after = (seconds: number) =>
    `line 3: time ${seconds} (${seconds === START ? '2024-01-01T00:00:00Z' : '2024-01-01T00:05:00Z'}) is not after ` +
    `${START + 300} in line 2; rows must be in order, one for each time`
  t.same(problems([HEADER, row(START + 300), row(START)]), [after(START)])
  t.same(problems([HEADER, row(START + 300), row(START + 300)]), [after(START + 300)])
})

t.test('many bad rows are not all named', async (t) => {
  const found = problems([HEADER, ...Array.from({ length: 50 }, (_, index) => row(START + 1 + index))])
  t.equal(found.length, 21)
  t.equal(found.at(-1), '… and perhaps more')
})

t.test('a header that lacks columns or has strange ones', async (t) => {
  t.same(problems(['timestamp,open,high,low,price,volume']), [
    `line 1: the header has no column close and has unknown columns price; it must be ${EXPORT_HEADER}, the last four optional`,
  ])
  t.match(problems([row(START)])[0], /^line 1: the header has no column timestamp, open, high, low, close, volume/)
})

t.test('a file without rows', async (t) => {
  t.same(problems([]), [`the file is empty: its first line must be ${EXPORT_HEADER}`])
  t.same(problems([HEADER]), ['the file has a header and no rows'])
})

t.test('candles of another interval are noticed', async (t) => {
  const hours = [0, 1, 2, 3].map((hour) => row(START + hour * 3_600))
  t.match(problems([HEADER, ...hours])[0], /^rows are 3600 seconds apart or more, so these are no 5m candles/)
  t.same(problems([HEADER, ...hours], '1h'), [])
  t.same(problems([HEADER, row(START), row(START + 300), row(START + 3_600)]), [], 'holes are no other interval')
})
