import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { plainNode, testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'

const program = fileURLToPath(new URL('candles.js', import.meta.url))
const real = fileURLToPath(new URL('../../../../shared/data/candles/', import.meta.url))
const HEADER = 'timestamp_s,open,high,low,close,volume'
const NEW_YEAR = Date.UTC(2024, 0, 1) / 1000

/** Minutes around the first of January 2024, so that they lie in two partitions. */
const minutes = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `${NEW_YEAR + (from + index) * 60},1,2,0.5,1.5,${index + 1}`).join(
    '\n',
  )

t.test('candles in files', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url })
  // Postgres may end before the pool does.
  pool.on('error', () => undefined)
  t.teardown(() => pool.end())
  const folder = t.testdir({})
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
    return path
  }
  const start = (...args: readonly string[]) =>
    spawn(...plainNode(program, ...args), {
      cwd: folder,
      env: { ...process.env, DATABASE_URL: url, INIT_CWD: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const run = async (...args: readonly string[]) => {
    const child = start(...args)
    const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())
    const [code] = await once(child, 'exit')
    return { code, out: (await out)?.join('') ?? '', err: (await err)?.join('') ?? '' }
  }
  const series = (pair: string, interval = '1m') => ['--connector', 'binance', '--pair', pair, '--interval', interval]
  const state = async (pair: string) => {
    const { rows } = await pool.query<{ count: number; coverage: string; volume: number }>(
      `select count(time)::int as count, coalesce(sum(volume), 0) as volume, coverage::text
       from market_data.candle_series left join market_data.candles on series_id = id
       where trading_pair = $1 group by id`,
      [pair],
    )
    return rows[0] ?? { count: 0, coverage: '{}', volume: 0 }
  }

  await t.test('a file is imported, listed and exported as it was', async (t) => {
    file('a.csv.gz', `${HEADER}\n${minutes(-10, 20)}\n`)
    const imported = await run('import', 'a.csv.gz', ...series('A-USDT'))
    t.match(
      imported.out,
      /^30 candles of binance A-USDT 1m imported in .* s, 2023-12-31T23:50:00Z to 2024-01-01T00:20:00Z\.\n$/,
    )
    t.equal(imported.code, 0)
    t.match(await run('list'), {
      code: 0,
      out: 'binance A-USDT 1m: 2023-12-31T23:50:00Z to 2024-01-01T00:20:00Z\n',
    })
    t.match(await run('export', 'b.csv.gz', ...series('A-USDT')), { code: 0, out: /^30 candles / })
    const text = gunzipSync(readFileSync(join(folder, 'b.csv.gz'))).toString('utf8')
    t.equal(
      text,
      `timestamp,open,high,low,close,volume,quote_asset_volume,n_trades,taker_buy_base_volume,taker_buy_quote_volume\n` +
        `${minutes(-10, 20).replaceAll('\n', ',0,0,0,0\n')},0,0,0,0\n`,
    )
    t.match(await run('import', 'b.csv.gz', ...series('B-USDT')), { code: 0 })
    t.same(await state('B-USDT'), await state('A-USDT'), 'what was exported can be imported')
    await run('export', 'c.csv', ...series('A-USDT'), '--from', '2024-01-01', '--to', '2024-01-01T00:05:00Z')
    t.equal(readFileSync(join(folder, 'c.csv'), 'utf8').trim().split('\n').length, 6)
  })

  await t.test('an import replaces what the file says and keeps what it does not', async (t) => {
    file(
      'ten.csv',
      `timestamp,open,high,low,close,volume,n_trades\n${NEW_YEAR},1,2,0.5,1.5,3,77\n${NEW_YEAR + 60},1,2,0.5,1.5,3,78\n`,
    )
    file('six.csv', `${HEADER}\n${NEW_YEAR + 60},1,9,0.5,1.5,4\n`)
    await run('import', 'ten.csv', ...series('C-USDT'))
    await run('import', 'six.csv', ...series('C-USDT'))
    const { rows } = await pool.query(
      `select high, volume, trades from market_data.candles join market_data.candle_series on id = series_id
       where trading_pair = 'C-USDT' order by time`,
    )
    t.same(rows, [
      { high: 2, volume: 3, trades: 77 },
      { high: 9, volume: 4, trades: 78 },
    ])
  })

  await t.test('one bad row, and nothing changes', async (t) => {
    file('good.csv', `${HEADER}\n${minutes(0, 5)}\n`)
    await run('import', 'good.csv', ...series('D-USDT'))
    const before = await state('D-USDT')
    file('bad.csv', `${HEADER}\n${minutes(0, 6_000)}\n${NEW_YEAR + 6_000 * 60},1,0.5,0.5,1,1\n`)
    const { code, err, out } = await run('import', 'bad.csv', ...series('D-USDT'))
    t.equal(code, 1)
    t.equal(out, '')
    t.match(
      err,
      /Nothing was imported\.\nline 6002: high is 0\.5 and must be at least 1, the highest of open, low and close\n$/,
    )
    t.same(await state('D-USDT'), before)
    writeFileSync(join(folder, 'cut.csv.gz'), gzipSync(`${HEADER}\n${minutes(0, 5_000)}\n`).subarray(0, 9_000))
    t.match(await run('import', 'cut.csv.gz', ...series('D-USDT')), { code: 1, err: /the file is cut short/ })
    t.same(await state('D-USDT'), before)
  })

  await t.test('killed in the middle, and nothing is shown of it', async (t) => {
    file('long.csv', `${HEADER}\n${minutes(-3_000, 3_000)}\n`)
    const guard = await pool.connect()
    t.teardown(async () => guard.release())
    await guard.query('begin')
    // The rows of 2023 go in, those of 2024 wait: there is a middle, and this is it.
    await guard.query('lock table market_data.candles_2024 in share mode')
    const child = start('import', 'long.csv', ...series('E-USDT'))
    const exited = once(child, 'exit')
    const waiting = async (): Promise<number | undefined> => {
      const { rows } = await pool.query<{ pid: number }>(
        `select pid from pg_locks where relation = 'market_data.candles_2024'::regclass and not granted`,
      )
      return rows[0]?.pid
    }
    let backend = await waiting()
    while (backend === undefined && child.exitCode === null) {
      await sleep(20)
      backend = await waiting()
    }
    t.ok(backend !== undefined)
    child.kill('SIGKILL')
    await exited
    await guard.query('rollback')
    for (let gone = false; !gone; await sleep(20)) {
      const { rowCount } = await pool.query('select 1 from pg_stat_activity where pid = $1', [backend])
      gone = rowCount === 0
    }
    t.equal((await state('E-USDT')).coverage, '{}')
    t.match(await run('export', 'e.csv', ...series('E-USDT')), {
      code: 1,
      err: /^No candles of binance E-USDT 1m are stored\./,
    })
    t.match(await run('import', 'long.csv', ...series('E-USDT')), { code: 0 })
    t.equal((await state('E-USDT')).count, 6_000)
  })

  await t.test('real candles', { skip: existsSync(real) ? false : 'the real data is not at hand' }, async (t) => {
    const files: readonly [string, readonly string[], number][] = [
      ['BTC_USDT_5m_2024-01_2024-09.csv.gz', series('BTC-USDT', '5m'), 71_769],
      ['BTC_USDT_1h_2024-01_2024-09.csv.gz', series('BTC-USDT', '1h'), 5_980],
      ['BTC_USDT_1d_2024-01_2024-09.csv.gz', series('BTC-USDT', '1d'), 249],
      ['binance_perp_ADA_USDT_1m_2022-12-13.csv.gz', series('ADA-USDT'), 1_440],
      ['coinbase_BTC_USD_1s_2016-10-07.csv.gz', series('BTC-USD', '1s'), 4_063],
      ['coinbase_BTC_USD_1h_2017-07_2019-10.csv.gz', series('BTC-USD', '1h'), 20_111],
    ]
    for (const [name, args, rows] of files) {
      const { code, out, err } = await run('import', join(real, name), ...args)
      t.equal(code, 0, err)
      t.ok(out.startsWith(`${rows} candles of `), out)
    }
  })

  await t.test('what was typed wrong', async (t) => {
    const said = async (...args: readonly string[]) => (await run(...args)).err.split('\n')[0]
    t.equal(await said(), 'Which command?')
    t.equal(await said('frob'), 'Unknown command frob.')
    t.equal(await said('import'), 'Which file to import?')
    t.equal(await said('import', 'a.csv.gz'), '--connector, --pair and --interval are needed.')
    t.equal(await said('import', 'a.csv.gz', ...series('AUSDT')), '--pair AUSDT must be BASE-QUOTE, such as BTC-USDT.')
    t.equal(await said('import', 'a.csv.gz', ...series('A-USDT', '5x')), '--interval 5x must be like 1m, 5m, 1h or 1d.')
    t.match(await said('import', 'none.csv', ...series('A-USDT')), /no such file/)
    t.equal(await said('export', 'x.csv', ...series('Z-USDT')), 'No candles of binance Z-USDT 1m are stored.')
    t.notOk(existsSync(join(folder, 'x.csv')))
  })
})
