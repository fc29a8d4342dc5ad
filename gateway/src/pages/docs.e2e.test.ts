import { chromiumBinary, launchChromium } from '@colibri/testkit'
import t from 'tap'
import { edgeUnderTest } from '../testing/edge-under-test.ts'
import { startPeer } from '../testing/peer.ts'

const binary = chromiumBinary()

const json = { 'application/json': { schema: { $ref: '#/components/schemas/Names' } } }
const trading = {
  openapi: '3.1.0',
  paths: {
    '/accounts/': {
      get: {
        tags: ['Accounts'],
        summary: 'Names of all accounts',
        responses: { 200: { description: 'ok', content: json } },
      },
      post: {
        tags: ['Accounts'],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Account' } } } },
        responses: { 200: { description: 'ok', content: json } },
      },
    },
  },
  components: {
    schemas: {
      Names: { type: 'array', items: { type: 'string' } },
      Account: { type: 'object', properties: { account_name: { type: 'string' } } },
    },
  },
}

const skip = binary === undefined ? { skip: 'no Chromium on this machine' } : {}
t.test('/docs shows every operation in a browser, and tries one out', skip, async (t) => {
  const edge = await edgeUnderTest(t)
  const peer = await startPeer(t, edge.nats, 'trading', (_req, res) => res.end('["master_account"]'), trading)
  await edge.ready('trading', 1)
  const browser = await launchChromium(binary ?? '')
  t.teardown(() => browser.close())
  const context = await browser.newContext({ httpCredentials: { username: 'admin', password: 'admin' } })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  const foreign: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(edge.url) && !request.url().startsWith('data:')) foreign.push(request.url())
  })

  await page.goto(`${edge.url}/docs`)
  await page.locator('.opblock').nth(1).waitFor()
  const shown = await page.locator('.opblock-summary').evaluateAll((rows) => rows.map((row) => row.textContent ?? ''))
  t.equal(shown.length, 2)
  t.match(shown[0], /^GET\/accounts\/.*Names of all accounts/)
  t.match(shown[1], /^POST\/accounts\//)
  t.ok(await page.locator('.btn.authorize').isVisible(), 'a login can be given')

  await page.locator('.opblock-get .opblock-summary-control').click()
  await page.locator('.try-out__btn').click()
  await page.locator('.btn.execute').click()
  // The headers of the reply are shown a moment before its body.
  const shownReplies = page.locator('.live-responses-table .response-col_description .microlight')
  const reply = shownReplies.filter({ hasText: 'master_account' }).first()
  await reply.waitFor()
  t.match(await reply.textContent(), /"master_account"/)
  t.same(
    peer.received.map(({ method, url }) => `${method} ${url}`),
    ['GET /accounts'],
  )
  t.same(foreign, [], 'nothing comes from elsewhere')
  t.same(
    complaints.filter((line) => !line.includes('status of 401')),
    [],
    'no complaint of the browser, the policy of the page included',
  )
})
