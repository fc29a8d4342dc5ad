import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Colibri, startColibri } from '@colibri/system-tests'
import { ask } from './http-client.ts'
import { latency } from './measure.ts'
import { replicaOf } from './replica-url.ts'
import type { Figure } from './report.ts'

/** Real candles, where a checkout has the data beside it. */
const file = fileURLToPath(
  new URL('../../../../shared/data/candles/BTC_USDT_5m_2024-01_2024-09.csv.gz', import.meta.url),
)
const ROWS = 71_769
const [FIRST, LAST] = [1_704_067_200, 1_725_597_600]
const IMPORTS = 3
const READS = 15

const cli = fileURLToPath(new URL('../../cli/dist/candles.js', import.meta.url))
const login = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

/** A real file of candles into the running system, and all of them out again. */
export const measureCandles = async (): Promise<readonly Figure[]> => {
  if (!existsSync(file)) {
    console.log('no figures of candles: the real data is not at hand')
    return []
  }
  const colibri = await startColibri()
  try {
    const imports: number[] = []
    for (let n = 0; n < IMPORTS; n++) imports.push(await importFile(colibri, `BTC${n}-USDT`))
    return [
      {
        name: `import of ${ROWS} candles, the program's start included, p50`,
        value: latency(imports).p50 / 1000,
        unit: 's',
        target: { atMost: 3 },
      },
      ...(await measureReads(colibri, `BTC${IMPORTS - 1}-USDT`)),
    ]
  } finally {
    await colibri.stop()
  }
}

const importFile = async (colibri: Colibri, pair: string): Promise<number> => {
  const begin = performance.now()
  const args = [cli, 'import', file, '--connector', 'binance', '--pair', pair, '--interval', '5m']
  const child = spawn(process.execPath, args, {
    env: { ...process.env, COLIBRI_HOME: colibri.home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the import ended with code ${code}`)
  return performance.now() - begin
}

/** The whole answer at the service and through the edge, alternating. */
const measureReads = async (colibri: Colibri, pair: string): Promise<readonly Figure[]> => {
  const { url, edgeToken } = await replicaOf(colibri, 'market-data')
  const body = JSON.stringify({
    connector_name: 'binance',
    trading_pair: pair,
    interval: '5m',
    start_time: FIRST,
    end_time: LAST,
  })
  const read = async (at: string, headers: Readonly<Record<string, string>>): Promise<number> => {
    const begin = performance.now()
    const sent = { ...headers, 'content-type': 'application/json' }
    const answer = await ask(`${at}/market-data/historical-candles`, sent, { method: 'POST', body })
    const ms = performance.now() - begin
    if (answer.status !== 200) throw new Error(`historical candles: ${answer.status} ${answer.body.slice(0, 200)}`)
    return ms
  }
  const service: number[] = []
  const edge: number[] = []
  for (let n = 0; n < READS + 3; n++) {
    const [direct, through] = [await read(url, { 'x-colibri-edge-token': edgeToken }), await read(colibri.url, login)]
    // Until the compilers have seen the path, they and not the path are measured.
    if (n < 3) continue
    service.push(direct)
    edge.push(through)
  }
  const figure = (name: string, value: number): Figure => ({ name, value, unit: 'ms', target: { atMost: 300 } })
  return [
    figure(`${ROWS} historical candles at the service, p50`, latency(service).p50),
    figure(`${ROWS} historical candles through the edge, p50`, latency(edge).p50),
  ]
}
