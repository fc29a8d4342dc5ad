import { gzipSync } from 'node:zlib'
import { type UploadedCandles, uploadedCandles } from '@colibri/contracts'
import t from 'tap'
import { BadCandles, packed, readUpload, unpacked, uploadId } from './uploaded-candles.ts'

const given = (how: Partial<UploadedCandles>): UploadedCandles =>
  uploadedCandles.parse({ connector: 'x', trading_pair: 'A-B', interval: '1m', ...how })
const read = (how: Partial<UploadedCandles>) => readUpload(given(how), 100)

const rows = Array.from({ length: 5 }, (_, n) => [1_735_689_600 + n * 60, 1, 3, 0.5, 2 + n / 10, 4])
const csv = `timestamp,open,high,low,close,volume\n${rows.map((row) => row.join(',')).join('\n')}\n`

t.test('rows, a file and a gzipped file are the same candles', async (t) => {
  const candles = read({ rows })
  t.same(read({ csv }), candles)
  t.same(read({ csv_gz: gzipSync(csv).toString('base64') }), candles)
  t.same(read({ rows: rows.map(([time = 0, ...rest]) => [time * 1_000, ...rest]) }), candles, 'milliseconds')
  t.same([...candles.close], [2, 2.1, 2.2, 2.3, 2.4])
  t.same([...(candles.extra.get('n_trades') ?? [])], [0, 0, 0, 0, 0])
  t.same(read({ csv: `\uFEFF${csv.replaceAll('\n', ' \r\n\n \t\r\n  ')}` }), candles, 'blank lines are none')
  const long = Array.from({ length: 100 }, (_, n) => [n * 60, ...Array(9).fill('1.00000000000000000')])
  const names = 'time,open,high,low,close,volume,quote_volume,trades,taker_base_volume,taker_quote_volume'
  const zipped = gzipSync(`${names}\n${long.join('\n')}`).toString('base64')
  t.equal(read({ csv_gz: zipped }).length, 100, 'as many as there may be, in many digits')
  t.same([...read({ csv: 'time,volume,close,low,high,open,n_trades\n60,6,4,1,5,3,7' }).volume], [6], 'by its names')
})

t.test('packed and unpacked they are the same, and so is their id', async (t) => {
  const candles = read({ rows })
  t.same(unpacked(packed(candles)), candles)
  t.equal(uploadId(packed(candles)), uploadId(packed(read({ csv }))))
  t.not(uploadId(packed(candles)), uploadId(packed(read({ rows: rows.slice(1) }))))
})

t.test('what is wrong is said', async (t) => {
  const refused = (how: Partial<UploadedCandles>, why: RegExp) =>
    t.throws(() => read(how), { name: BadCandles.name, message: why })
  refused({ rows: [] }, /^there are no candles$/)
  refused({ rows: rows.toReversed() }, /give the oldest first$/)
  refused({ rows: [...rows, ...rows.slice(-1)] }, /give the oldest first$/)
  refused(
    { rows: rows.map(([time, open, , low, ...rest]) => [time ?? 0, open ?? 0, 0.1, low ?? 0, ...rest]) },
    /below its low/,
  )
  refused({ rows: [[60, 1, 2, 0.5, 3, 1]] }, /a close of 3, not between its low 0\.5 and high 2$/)
  refused({ rows: [[60, 0.1, 2, 0.5, 1, 1]] }, /an? open of 0\.1, not between/)
  refused({ rows: [[60, -1, 2, -1, 1, 1]] }, /a number below zero$/)
  refused({ rows: [[60, 1, 2, 1, 1, -1]] }, /a number below zero$/)
  refused({ rows, interval: '5m' }, /^the candles are 60 s apart, those of this interval 300 s$/)
  refused({ rows, interval: 'x' }, /'x' is no candle interval/)
  refused({ csv: 'time,open\n1,2' }, /no column high, low, close, volume$/)
  refused({ csv: csv.replace('2.1', 'two') }, /^line 3: 'two' is no number$/)
  refused({ csv: csv.replace(',2.1', '') }, /^line 3: '' is no number$/)
  refused({ csv: csv.replace('\n', '\n\n \n').replace('2.1', 'two') }, /^line 5: 'two' is no number$/)
  refused({ csv: `${csv}${'1,'.repeat(6_000)}` }, /^line 7 is longer than 10000 bytes$/)
  const mostlyBlank = gzipSync(`${csv}${'\n'.repeat(1024 * 1024)}`).toString('base64')
  refused({ csv_gz: mostlyBlank }, /or too large$/)
  refused({ csv_gz: 'nothing of the kind' }, /no gzipped file/)
  refused({ csv_gz: gzipSync(Buffer.alloc(200 * 1024 * 1024)).toString('base64') }, /or too large$/)
  refused({ rows: Array.from({ length: 101 }, (_, n) => [n * 60, 1, 1, 1, 1, 1]) }, /more than 100 candles/)
  t.throws(() => given({ rows, csv }), /exactly one/)
  t.throws(() => given({}), /exactly one/)
})
