import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { chromiumBinary, launchChromium, plainNode } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { backtestCommand } from './backtest-command.ts'
import { runBacktestCommand } from './run-backtest-command.ts'

const program = fileURLToPath(new URL('backtest.js', import.meta.url))
const shared = (path: string): string => fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url))
const ROWS = 10_000
const FIRST = 1_735_689_600

const original = z.object({
  config: z.record(z.string(), z.unknown()),
  trading_rule: z.record(z.string(), z.unknown()),
  results: z.record(z.string(), z.union([z.number(), z.record(z.string(), z.number())])),
})
const answered = original.pick({ results: true }).extend({ executors: z.array(z.looseObject({ id: z.string() })) })

const folder = t.testdir({})
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return name
}
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

const spec = original.parse(json(shared('spec/backtests/bollinger_v1_1m_10000.json')))
const minutes = gunzipSync(readFileSync(shared('spec/backtests/candles_1m_200k.csv.gz')))
  .toString('utf8')
  .split('\n')
file('candles.csv.gz', gzipSync(minutes.slice(0, ROWS + 1).join('\n')))
file(
  'conf.yml',
  Object.entries(spec.config)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n'),
)
file('rules.yml', JSON.stringify(spec.trading_rule))

/** As the program does, in this process. */
const run = async (...args: readonly string[]): Promise<string> => {
  let said = ''
  const out = { write: (text: string) => (said += text) }
  const progress = { write: () => undefined }
  await runBacktestCommand(backtestCommand(args, folder), { folder, now: Date.now(), out, progress })
  return said
}
const bollinger = ['--controller', 'bollinger_v1', '--candles', 'candles.csv.gz'] as const
const golden = [...bollinger, '--config', 'conf.yml', '--rules', 'rules.yml'] as const

t.test('a backtest without a server', async (t) => {
  const child = spawn(...plainNode(program, ...golden, '--answer', 'answer.json', '--executors', 'executors.csv'), {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())
  const [code] = await once(child, 'exit')
  t.equal(code, 0, (await err)?.join('') ?? '')
  const summary = (await out)?.join('') ?? ''
  t.match(
    summary,
    /^bollinger_v1 on BTC-USDT, binance_perpetual\n9,901 candles of 1m, 2025-01-01 01:39 to 2025-01-07 22:39/,
  )
  t.match(summary, /\n {2}Net profit +-175\.06 USDT\n/)
  t.match(summary, /\n {2}Its time was over +206\n/)
  t.match(summary, `Written: ${join(folder, 'backtest-bollinger_v1.html')}\n`)

  const { results, executors } = answered.parse(json(join(folder, 'answer.json')))
  for (const [name, value] of Object.entries(spec.results)) {
    if (typeof value === 'number')
      t.ok(Math.abs(Number(results[name]) - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${name} as the original`)
    else t.same(results[name], value, name)
  }
  const lines = readFileSync(join(folder, 'executors.csv'), 'utf8').trim().split('\n')
  t.same(
    lines.slice(1).map((line) => line.split(',')[0]),
    executors.map(({ id }) => id),
  )
})

t.test('what may be chosen', async (t) => {
  const none = ['--no-report'] as const
  t.match(await run(...golden, ...none, '--mode', 'realistic'), /mode realistic/)
  t.match(await run(...golden, ...none, '--trade-cost', '0'), /\n {2}Fees +0 USDT\n/)
  t.match(await run(...golden, ...none, '--set', 'bb_length=20', '--set', 'take_profit=0.001'), /Take profit reached/)
  t.match(
    await run(...golden, ...none, '--from', '2025-01-02', '--to', String(FIRST + 2 * 86_400)),
    /1,342 candles of 1m, 2025-01-02 01:39 to 2025-01-03 00:00/,
  )
  t.match(
    await run(...golden, ...none, '--resolution', '5m', '--set', 'interval=15m'),
    /candles of 5m/,
    'made of minutes',
  )
  await run(...golden, ...none, '--equity', 'equity.json', '--executors', 'executors.json')
  const equity = z.array(z.looseObject({ total_pnl: z.number() })).parse(json(join(folder, 'equity.json')))
  t.ok(Math.abs((equity.at(-1)?.total_pnl ?? 0) - Number(spec.results.net_pnl_quote)) < 1e-9)
  t.equal(z.array(z.unknown()).parse(json(join(folder, 'executors.json'))).length, 206)
})

t.test('a controller of one’s own', async (t) => {
  const source = (body: string): string => `
    import { type Controller, type ControllerConfig, controllerConfig, decimal, field, GENERIC } from '@colibri/strategy'
    const schema = controllerConfig('mine', GENERIC, { size: field(decimal, '1', { gt: 0 }) })
    export const mine: Controller<ControllerConfig> = {
      name: 'mine',
      type: 'generic',
      schema,
      markets: () => [{ connector_name: 'binance', trading_pair: 'ETH-BTC' }],
      start: () => () => { ${body} },
    }`
  file('mine.ts', source('return []'))
  t.match(
    await run('--controller', './mine.ts', '--candles', 'candles.csv.gz', '--no-report'),
    /^mine on ETH-BTC, binance\n10,000 candles of 1m.*No executor was created\./s,
  )
  await t.rejects(
    run('--controller', './mine.ts', '--candles', 'candles.csv.gz', '--set', 'size=-1'),
    /\n {2}size: .*greater than 0/,
  )
  file('broken.ts', `${source('return []')}\nthrow new Error('on purpose')`)
  await t.rejects(run('--controller', './broken.ts', '--candles', 'candles.csv.gz'), /broken\.ts, line 11: on purpose$/)
  file('throwing.ts', source("throw new RangeError('too far')"))
  await t.rejects(run('--controller', './throwing.ts', '--candles', 'candles.csv.gz'), /throwing\.ts, line 9: too far$/)
  file('empty.ts', 'export const nothing = 1')
  await t.rejects(run('--controller', './empty.ts', '--candles', 'candles.csv.gz'), /empty\.ts exports no controller/)
  await t.rejects(run('--controller', './none.ts', '--candles', 'candles.csv.gz'), /^There is no file .*none\.ts\.$/)
})

t.test('help is no error', async (t) => {
  const child = spawn(...plainNode(program, '--help'), { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = child.stdout.setEncoding('utf8').toArray()
  t.same(await once(child, 'exit'), [0, null])
  t.match((await said).join(''), /^Usage: npm run backtest -- --controller/)
})

t.test('what was typed or written wrong', async (t) => {
  const said = (...args: readonly string[]): Promise<string> =>
    run(...args, '--no-report').then(
      () => 'nothing',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
  t.equal(await said(), 'Which controller? Give --controller.')
  t.equal(await said('--controller', 'pmm_simple'), 'Which candles? Give --candles.')
  t.equal(await said(...bollinger, '--mode', 'x'), '--mode x must be hummingbot or realistic.')
  t.equal(await said(...bollinger, '--trade-cost', 'x'), '--trade-cost x must be a share from 0 to 1, such as 0.0006.')
  t.equal(await said(...bollinger, '--set', 'x'), '--set x must be field=value.')
  t.match(await said(...bollinger, '--frob', 'x'), /--frob/)
  t.equal(
    await said('--controller', 'bolinger_v1', '--candles', 'candles.csv.gz'),
    'There is no controller bolinger_v1. Did you mean bollinger_v1 or bollinger_v2?',
  )
  t.match(await said('--controller', 'qwertyuiop', '--candles', 'x'), /there are arbitrage_controller, bollinger_v1, /)
  const wrong = await said(...bollinger, '--set', 'bb_length=long', '--set', 'frob=1', '--set', 'leverage=0')
  for (const field of ['bb_length', 'frob']) t.match(wrong, new RegExp(`\\n {2}${field}: `))
  t.match(await said(...bollinger, '--executors', 'nowhere/all.csv'), /nowhere\/all\.csv cannot be written/)
  file('circle.yml', 'total_amount_quote: &a [*a]')
  t.match(await said(...bollinger, '--config', 'circle.yml'), /circle\.yml is no YAML: an alias stands inside/)
  t.match(await said(...bollinger, '--config', 'candles.csv.gz'), /holds no fields|is no YAML/)
  t.match(
    await said(...golden, '--set', 'controller_name=pmm_simple'),
    /controller_name is "pmm_simple" in the configuration of/,
  )
  t.match(await said(...bollinger.slice(0, 2), '--candles', 'none.csv'), /no such file.*none\.csv/)
  t.match(await said(...bollinger, '--config', 'none.yml'), /no such file.*none\.yml/)
  file('bad.csv', `${minutes.slice(0, 700).join('\n')}\n1735731600,1,2,3,x,5\n`)
  t.match(await said(...bollinger.slice(0, 2), '--candles', 'bad.csv'), /^line 701: close is 'x' and must be a number/)
  t.match(
    await said(...golden, '--from', '2030-01-01'),
    /The file has candles from 2025-01-01T00:00:00Z to 2025-01-07T22:40:00Z/,
  )
  t.match(await said(...golden, '--set', 'interval=30s'), /needs candles of 30s.*file's, which are of 1m/)
  t.match(
    await said(...golden, '--set', 'candles_trading_pair=ETH-USDT'),
    /needs candles of ETH-USDT: give them as --candles ETH-USDT=file\.csv/,
  )
  t.match(
    await run(
      ...golden,
      '--set',
      'candles_trading_pair=ETH-USDT',
      '--candles',
      'ETH-USDT=candles.csv.gz',
      '--no-report',
    ),
    /206/,
  )
})

t.test('two hundred thousand rows and sixty-six thousand executors are a page that can be mailed', async (t) => {
  const config = shared('spec/backtests/configs/pmm_simple.json')
  file('pmm.yml', JSON.stringify(original.pick({ config: true }).parse(json(config)).config))
  const candles = shared('spec/backtests/candles_1m_200k.csv.gz')
  const said = await run(
    '--controller',
    'pmm_simple',
    '--candles',
    candles,
    '--config',
    'pmm.yml',
    '--report',
    'large.html',
  )
  t.match(said, /200,000 candles of 1m/)
  const page = readFileSync(join(folder, 'large.html'))
  t.ok(page.length > 1_000_000 && page.length < 4_000_000, `${page.length} bytes`)
})

const btc = shared('data/candles/BTC_USDT_5m_2024-01_2024-09.csv.gz')
const noReal = existsSync(btc) ? {} : { skip: 'the real data is not at hand' }
t.test('eight months of real candles, with a signal of longer ones', noReal, async (t) => {
  const said = await run(...bollinger.slice(0, 2), '--candles', btc, '--set', 'interval=1h', '--report', 'real.html')
  t.match(said, /candles of 5m, 2024-01-0\d \d\d:\d\d to 2024-09-06 04:40 UTC/)
  t.match(said, /\n {2}Executors +[1-9]/)
  t.ok(readFileSync(join(folder, 'real.html')).length < 1_500_000)
})

const binary = chromiumBinary()
const noBrowser = binary === undefined ? { skip: 'no Chromium on this machine' } : {}
t.test('the report in a browser', noBrowser, async (t) => {
  const evil = '</script><img src=x onerror=alert(1)>'
  await run(...golden, '--report', 'report.html', '--set', `id=${JSON.stringify(evil)}`, '--answer', 'answer.json')
  const { results, executors } = answered.parse(json(join(folder, 'answer.json')))
  const browser = await launchChromium(binary ?? '')
  t.teardown(() => browser.close())
  const page = await browser.newPage({ colorScheme: 'dark', viewport: { width: 1_280, height: 1_640 } })
  page.setDefaultTimeout(60_000)
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('dialog', (dialog) => {
    complaints.push(dialog.message())
    dialog.dismiss().catch(() => undefined)
  })
  const address = `file://${join(folder, 'report.html')}`
  await page.goto(address)
  await page.locator('html[data-ready="yes"]').waitFor()
  const text = (selector: string): Promise<string | null> => page.locator(selector).textContent()

  const shown = await page
    .locator('#results data')
    .evaluateAll((cells) =>
      cells.map((cell) => [cell.getAttribute('data-key') ?? '', Number(cell.getAttribute('value'))]),
    )
  const { close_types: closeTypes, ...numbers } = results
  t.same(Object.fromEntries(shown), numbers, 'every figure is the one of the answer')
  t.same(closeTypes, { TIME_LIMIT: Number(await page.locator('[data-close="TIME_LIMIT"]').getAttribute('value')) })
  t.equal(await text('#parameters tr:has(code:text-is("id")) td'), evil)
  t.equal(await page.locator('img').count(), 0)

  /** How many different colours a chart has, and how much of it is painted. */
  const painted = await page.locator('canvas').evaluateAll((canvases) =>
    canvases.map((canvas) => {
      const drawing = Object(canvas)
      const { data } = drawing.getContext('2d').getImageData(0, 0, drawing.width, drawing.height)
      const colours = new Set<number>()
      let count = 0
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 0) continue
        count++
        colours.add(data[at] * 65_536 + data[at + 1] * 256 + data[at + 2])
      }
      return { count, colours: colours.size }
    }),
  )
  t.equal(painted.length, 3)
  for (const { count, colours } of painted) t.ok(count > 5_000 && colours > 5, `${count} pixels in ${colours} colours`)

  /** What is read under the cursor, once it is something else; the page may take a moment. */
  const readOutBut = async (before: string): Promise<string> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(20)) {
      const now = (await text('#read-out')) ?? ''
      if (now !== before && now.includes(' UTC ')) return now
    }
    throw new Error(`nothing else is read than ${before}`)
  }
  const over = page.locator('#price-chart .u-over')
  const box = await over.boundingBox()
  await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + 20)
  const read = await readOutBut('')
  const [, time = '', close = ''] = /^(.{16}) UTC.* close ([\d.]+) .*profit -\d+\.\d\d USDT/.exec(read) ?? []
  const row = minutes.find((line) => line.startsWith(String(Date.parse(`${time}Z`) / 1000)))
  t.equal(Number(close), Number(row?.split(',')[4]), `the candle under the cursor: ${read}`)

  await page.locator('#charts').focus()
  await page.keyboard.press('ArrowRight')
  t.match(await readOutBut(read), / UTC {3}open /, 'the cursor moves by keys')
  for (let n = 0; n < 6; n++) await page.keyboard.press('+')
  await page.keyboard.press('ArrowRight')
  const here = await readOutBut('')
  await page.keyboard.press('ArrowRight')
  const minutesOn =
    (Date.parse(`${(await readOutBut(here)).slice(0, 16)}Z`) - Date.parse(`${here.slice(0, 16)}Z`)) / 60_000
  t.equal(minutesOn, 1, 'close enough to go from candle to candle')
  await page.keyboard.press('0')

  t.equal(await text('#page-text'), '1 to 50 of 206')
  await page.locator('#page-last').click()
  t.equal(await text('#page-text'), '201 to 206 of 206')
  await page.locator('#filter-result').selectOption('gain')
  t.equal(await text('#page-text'), '1 to 50 of 68', 'as many as there are winners')
  await page.locator('#executors thead button', { hasText: 'Made, USDT' }).click()
  await page.locator('#executors thead button', { hasText: 'Made, USDT' }).click()
  const best = Math.max(...executors.map((executor) => Number(executor.net_pnl_quote)))
  t.equal(await text('#executors tbody tr:first-child td:nth-child(9)'), best.toFixed(2), 'the best one first')
  await page.locator('#executors tbody tr:first-child button').click()

  const saving = page.waitForEvent('download')
  await page.locator('#save-executors').click()
  const saved = readFileSync(await (await saving).path(), 'utf8')
    .trim()
    .split('\n')
  t.equal(saved.length, 207)
  t.same(
    saved
      .slice(1)
      .map((line) => line.split(',')[0])
      .sort(),
    executors.map(({ id }) => id).sort(),
  )

  if (process.env.COLIBRI_SCREENSHOTS !== undefined) {
    await page.setViewportSize({ width: 1_200, height: 1_240 })
    await page.goto(address)
    await page.locator('html[data-ready="yes"]').waitFor()
    for (let n = 0; n < 2; n++) await page.locator('#zoom-in').click()
    await page.mouse.move(600, 520)
    const picture = fileURLToPath(new URL('../../../docs/images/backtest-report.png', import.meta.url))
    mkdirSync(dirname(picture), { recursive: true })
    await page.screenshot({ path: picture })
  }
  t.same(
    requests.filter((url) => url !== address && !url.startsWith('blob:')),
    [],
    'the page asks for nothing',
  )
  t.same(complaints, [], 'and its policy had nothing to forbid')
})
