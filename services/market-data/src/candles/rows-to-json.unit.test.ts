import fc from 'fast-check'
import t from 'tap'
import { RowsToJson } from './rows-to-json.ts'

const NAMES =
  'timestamp open high low close volume quote_asset_volume n_trades taker_buy_base_volume taker_buy_quote_volume'.split(
    ' ',
  )

t.test('wherever the bytes are cut, the JSON is that of the rows', async () => {
  const row = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), { minLength: 10, maxLength: 10 })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), fc.array(fc.nat(400), { maxLength: 12 }), (rows, cuts) => {
      const text = Buffer.from(rows.map((values) => `${values.join('\t')}\n`).join(''))
      const ends = [...cuts.filter((cut) => cut < text.length), text.length].sort((one, other) => one - other)
      const toJson = new RowsToJson()
      const parts = ends.map((end, index) => toJson.take(text.subarray(ends[index - 1] ?? 0, end)))
      const expected = rows.map((values) => Object.fromEntries(values.map((value, index) => [NAMES[index], value])))
      return `[${Buffer.concat(parts)}]` === JSON.stringify(expected)
    }),
  )
})

t.test('a row with too many values is a defect', async (t) => {
  t.throws(() => new RowsToJson().take(Buffer.from('1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\n')), { name: 'RangeError' })
})
