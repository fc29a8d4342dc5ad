import t from 'tap'
import type { StreamItem } from '../venue.ts'
import { mailbox } from './mailbox.ts'

const gap = (reason: 'disconnected' | 'sequence-gap'): StreamItem<never> => ({
  kind: 'interrupted',
  reason,
  error: null,
})
const data = <T>(value: T): StreamItem<T> => ({ kind: 'data', value })

const waiting = async <T>(box: ReturnType<typeof mailbox<T>>): Promise<StreamItem<T>[]> => {
  box.end()
  const items: StreamItem<T>[] = []
  for await (const item of box.read()) items.push(item)
  return items
}

t.test('a reader who is late gets the newest state', async (t) => {
  const box = mailbox<number>((_, next) => next)
  for (let value = 0; value < 10_000; value += 1) box.put(data(value))
  t.same(await waiting(box), [data(9_999)])
})

t.test('values on either side of an interruption are not joined', async (t) => {
  const box = mailbox<number[]>((before, next) => [...before, ...next])
  box.put(data([1]))
  box.put(data([2]))
  box.put(gap('disconnected'))
  box.put(gap('disconnected'))
  box.put(data([3]))
  t.same(await waiting(box), [data([1, 2]), gap('disconnected'), data([3])])
})

t.test('what is lost on a reader who is too slow is said', async (t) => {
  const box = mailbox<number[]>((before, next) => (before.length >= 3 ? null : [...before, ...next]))
  for (let value = 1; value <= 4; value += 1) box.put(data([value]))
  const items = await waiting(box)
  t.match(items, [{ kind: 'interrupted', reason: 'sequence-gap', error: { name: 'ReaderTooSlow' } }, data([4])])
})

t.test('however often it is interrupted, it stays small', async (t) => {
  const box = mailbox<number>((_, next) => next)
  for (let value = 0; value < 1_000; value += 1) {
    box.put(data(value))
    box.put(gap('sequence-gap'))
  }
  const items = await waiting(box)
  t.ok(items.length <= 4)
  t.same(items.at(-1), gap('sequence-gap'))
})

t.test('the end comes after what waits, with its error', async (t) => {
  const box = mailbox<number>((_, next) => next)
  box.put(data(1))
  box.end(new Error('refused'))
  box.put(data(2))
  const read = box.read()
  t.same(await read.next(), { value: data(1), done: false })
  await t.rejects(read.next(), /refused/)
})
