import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { ConfClientUnreadable } from './conf-client.ts'
import { rateSettings, SettingsMissing } from './rate-settings.ts'
import { settingsLock } from './settings-lock.ts'

const initial = { source: 'simulator', token: { name: 'USDT', symbol: '$' } }

/** Two replicas on one folder and one database. */
const replicas = async (t: Test) => {
  const { url } = await testPostgres(t)
  const home = t.testdir({})
  const open = () => {
    const pool = new pg.Pool({ connectionString: url })
    pool.on('error', () => undefined)
    t.teardown(() => pool.end())
    return rateSettings(home, settingsLock(pool))
  }
  return { path: join(home, 'bots/credentials/master_account/conf_client.yml'), first: open(), second: open() }
}

t.test('settings in a file that replicas share', async (t) => {
  const { path, first, second } = await replicas(t)

  await t.test('without a file', async (t) => {
    const missing = {
      name: 'SettingsMissing',
      message: 'Configuration file not found: credentials/master_account/conf_client.yml',
    }
    await t.rejects(first.read(), missing)
    await t.rejects(first.write({ source: 'binance' }), missing)
    await t.rejects(readdir(dirname(path)), { code: 'ENOENT' }, 'nothing was made')
  })

  await t.test('one of them makes it', async (t) => {
    const made = await Promise.all([first.ensure(initial), second.ensure({ source: 'gate_io' }), first.ensure(initial)])
    t.equal(made.filter(Boolean).length, 1)
    t.equal(await second.ensure({ source: 'mexc' }), false)
    t.equal((await stat(path)).mode & 0o777, 0o600)
  })

  await t.test('what one writes the other reads at once', async (t) => {
    await first.write({ source: 'binance' })
    t.match(await second.read(), { source: 'binance' })
    await second.write({ token: { name: 'EUR', symbol: '€' } })
    t.same(await first.read(), { source: 'binance', tokenName: 'EUR', tokenSymbol: '€' })
  })

  await t.test('what a person writes, too; rights and other keys stay', async (t) => {
    await writeFile(path, 'instance_id: abc\nrate_oracle_source: {name: kucoin}\n')
    await chmod(path, 0o640)
    t.same(await first.read(), { source: 'kucoin' })
    await first.write({ source: 'mexc' })
    t.same(parse(await readFile(path, 'utf8')), { instance_id: 'abc', rate_oracle_source: { name: 'mexc' } })
    t.equal((await stat(path)).mode & 0o777, 0o640)
  })

  await t.test('a file that cannot be read is neither believed nor overwritten', async (t) => {
    const broken = 'rate_oracle_source: [\n'
    await writeFile(path, broken)
    await t.rejects(first.read(), ConfClientUnreadable)
    await t.rejects(first.write({ source: 'binance' }), ConfClientUnreadable)
    t.equal(await readFile(path, 'utf8'), broken)
    await writeFile(path, 'rate_oracle_source: {name: mexc}\n')
    t.same(await first.read(), { source: 'mexc' })
  })

  await t.test('writers on both sides lose nothing, and no reader ever sees half a file', async (t) => {
    await writeFile(path, `filler: ${'x'.repeat(20_000)}\n`)
    const reading = { isOver: false, times: 0 }
    const reader = (async () => {
      while (!reading.isOver) {
        t.equal(parse(await readFile(path, 'utf8')).filler.length, 20_000)
        reading.times += 1
      }
    })()
    const sources = ['binance', 'kucoin', 'mexc', 'gate_io']
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? first.write({ source: sources[(n / 2) % 4] ?? 'binance' })
          : second.write({ token: { name: `T${n}`, symbol: '$' } }),
      ),
    )
    reading.isOver = true
    await reader
    t.ok(reading.times > 0)
    const { source, tokenName } = await first.read()
    t.equal(source, 'kucoin', 'the last source, not overwritten by a token')
    t.equal(tokenName, 'T19')
    t.same(await readdir(dirname(path)), ['conf_client.yml'], 'no unfinished file is left')
  })

  await t.test('a file that goes away', async (t) => {
    await rm(path)
    await t.rejects(first.read(), SettingsMissing)
  })
})

t.test('a lock whose holder died is free again', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url })
  t.teardown(() => pool.end())
  const exclusively = settingsLock(pool)
  await t.rejects(
    exclusively(async () => {
      throw new Error('wrote half')
    }),
    { message: 'wrote half' },
  )
  t.equal(await exclusively(async () => 'free'), 'free')
})

t.test('too many writers at once are sent away, the others all have their turn', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url })
  t.teardown(() => pool.end())
  const exclusively = settingsLock(pool)
  let inside = 0
  const write = async () => {
    inside += 1
    t.equal(inside, 1)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
  }
  const all = await Promise.allSettled(Array.from({ length: 105 }, () => exclusively(write)))
  const refused = all.filter((each) => each.status === 'rejected')
  t.equal(refused.length, 5)
  t.match(refused[0]?.reason, { status: 503 })
  await exclusively(write)
})
