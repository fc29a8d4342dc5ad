import t from 'tap'
import { type ClientSocket, createOutlet } from './outlet.ts'

/** A client that reads when the test says so. */
const client = () => {
  const unread: { text: string; flushed: () => void }[] = []
  const done: string[] = []
  const socket: ClientSocket = {
    get bufferedAmount() {
      return unread.reduce((sum, { text }) => sum + text.length, 0)
    },
    send: (text, flushed) => unread.push({ text, flushed }),
    ping: () => undefined,
    pause: () => done.push('pause'),
    resume: () => done.push('resume'),
    close: () => undefined,
  }
  const writes: string[] = []
  const connection = { cork: () => writes.push('cork'), uncork: () => writes.push('uncork') }
  return { socket, connection, done, writes, read: () => unread.shift()?.flushed() }
}

t.test('beyond its bound a client is not listened to until it has read half', async (t) => {
  const { socket, connection, done, read } = client()
  let now = 5
  const outlet = createOutlet(socket, connection, 10, () => now)
  outlet.say('12345')
  outlet.say('12345')
  t.equal(outlet.congestedSince(), undefined, 'at the bound is not beyond it')
  outlet.say('x')
  t.equal(outlet.congestedSince(), 5)
  now = 9
  outlet.say('y')
  t.equal(outlet.congestedSince(), 5, 'since the first time')
  t.same(done, ['pause'])
  read()
  t.equal(outlet.congestedSince(), 5, 'not yet')
  read()
  t.equal(outlet.congestedSince(), undefined)
  t.same(done, ['pause', 'resume'])
  read()
  t.same(done, ['pause', 'resume'])
})

t.test('what is said at once leaves at once', async (t) => {
  const { socket, connection, writes } = client()
  const outlet = createOutlet(socket, connection, 100, () => 0)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  outlet.say('a')
  outlet.say('b')
  t.same(writes, ['cork'])
  await turn()
  t.same(writes, ['cork', 'uncork'])
  outlet.say('c')
  await turn()
  t.same(writes, ['cork', 'uncork', 'cork', 'uncork'])
})
