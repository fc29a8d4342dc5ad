import t from 'tap'
import { addressRule, networkOf } from './addresses.ts'
import { refusalOfUrl } from './webhook-url.ts'

const isPublic = addressRule([])

t.test('the public internet and nothing else', (t) => {
  for (const address of ['1.1.1.1', '8.8.8.8', '172.15.255.255', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    t.ok(isPublic(address), address)
  }
  for (const address of [
    '0.0.0.0',
    '127.0.0.1',
    '127.255.255.254',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    '100::1',
    'localhost',
    '',
  ]) {
    t.notOk(isPublic(address), address)
  }
  t.end()
})

t.test('networks that are allowed besides', (t) => {
  const rule = addressRule(['10.1.0.0/16', '::1/128'])
  t.ok(rule('10.1.2.3'))
  t.ok(rule('::ffff:10.1.2.3'))
  t.ok(rule('::1'))
  t.notOk(rule('10.2.0.1'))
  t.notOk(rule('127.0.0.1'))
  t.equal(networkOf('10.1.0.0/16'), '10.1.0.0/16')
  t.equal(networkOf('::1/128'), '::1/128')
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '::1/129', 'all', '10.0.0/8', '10.0.0.0/-1', '10.0.0.0/8/8']) {
    t.equal(networkOf(text), undefined, text)
  }
  t.end()
})

t.test('an address in any spelling is what it is', (t) => {
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[0:0:0:0:0:ffff:7f00:1]',
    '①②⑦.0.0.1',
    '169.254.169.254',
    '3232235777',
  ]) {
    t.match(refusalOfUrl(`http://${host}/hook`, isPublic), / is not a public address/, host)
  }
  t.equal(refusalOfUrl('https://example.com/hook?token=1', isPublic), undefined)
  t.equal(refusalOfUrl('https://8.8.8.8:8443/', isPublic), undefined)
  t.end()
})

t.test('what is no URL to post to is refused in words that do not repeat what it hides', (t) => {
  for (const [url, words] of [
    ['', "url '' is not an http:// or https:// URL"],
    ['example.com', "url 'example.com' is not an http:// or https:// URL"],
    ['ftp://example.com', "url 'ftp://example.com' is not an http:// or https:// URL"],
    ['http://', "url 'http://' is not an http:// or https:// URL"],
    ['javascript:alert(1)', "url 'javascript:alert(1)' is not an http:// or https:// URL"],
    ['https://joe:hunter2@example.com/', 'url must not hold a user name or password'],
    ['https://example.com/#part', 'url must not have a fragment'],
    ['https://exa mple.com/', "url 'https://exa mple.com/' is not an http:// or https:// URL"],
  ] as const) {
    t.equal(refusalOfUrl(url, isPublic), words, url)
  }
  t.end()
})
