import fc from 'fast-check'
import t from 'tap'
import { windowsOf } from './walk-forward.ts'

t.test('three windows of a day of minutes', async (t) => {
  const whole = { from: 0, to: 86_340 }
  t.same(windowsOf(whole, 60, { windows: 3, trainShare: 0.5, kind: 'rolling' }), [
    { train: { from: 0, to: 21_540 }, test: { from: 21_600, to: 43_140 } },
    { train: { from: 21_600, to: 43_140 }, test: { from: 43_200, to: 64_740 } },
    { train: { from: 43_200, to: 64_740 }, test: { from: 64_800, to: 86_340 } },
  ])
  t.same(
    windowsOf(whole, 60, { windows: 3, trainShare: 0.5, kind: 'anchored' }).map(({ train }) => train),
    [
      { from: 0, to: 21_540 },
      { from: 0, to: 43_140 },
      { from: 0, to: 64_740 },
    ],
  )
})

t.test('too little time for so many windows is said', async (t) => {
  t.throws(() => windowsOf({ from: 0, to: 6_000 }, 60, { windows: 10, trainShare: 0.7, kind: 'rolling' }), {
    message: /windows: 101 candles make 10 windows of 18 to train and 8 to test; 10 of each are the fewest/,
  })
})

t.test('tests follow each other up to the end, and no train sees its test', async (t) => {
  const asked = fc.record({
    from: fc.nat(1e6),
    candles: fc.integer({ min: 1_000, max: 100_000 }),
    interval: fc.constantFrom(60, 180, 3_600),
    windows: fc.integer({ min: 1, max: 12 }),
    trainShare: fc.double({ min: 0.3, max: 0.8, noNaN: true }),
    kind: fc.constantFrom('rolling' as const, 'anchored' as const),
  })
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(asked, ({ from, candles, interval, ...walk }) => {
          const to = from + (candles - 1) * interval
          const windows = windowsOf({ from, to }, interval, walk)
          const lengths = new Set(windows.map(({ test }) => test.to - test.from))
          return (
            windows.length === walk.windows &&
            lengths.size === 1 &&
            windows.at(-1)?.test.to === to &&
            windows.every(
              ({ train, test }, index) =>
                train.from >= from &&
                train.to + interval === test.from &&
                (index === 0 || windows[index - 1]?.test.to === test.from - interval) &&
                (walk.kind === 'rolling' || train.from === from),
            )
          )
        }),
      ),
    'for every walk drawn',
  )
})
