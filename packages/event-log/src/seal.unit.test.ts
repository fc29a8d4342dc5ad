import fc from 'fast-check'
import t from 'tap'
import { entriesOf, entryOf, NO_SEAL, type SealedForm, sealHash } from './seal.ts'

const form: SealedForm = {
  id: '01234567-89ab-7def-8123-456789abcdef',
  type: 'OrderFilled',
  schemaVersion: 1,
  data: '{"price":"1.50"}',
  metadata: '{"actor":"user:ann"}',
  streamId: 'order-1',
  version: 2,
  position: '7/9',
  recordedAt: 1_760_000_000_000,
}

t.test('the text of what was appended is the text of what is read', async (t) => {
  // A seal is made of what was read; verify looks at the text in the table.
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const written = JSON.stringify(value)
      return JSON.stringify(JSON.parse(written)) === written
    }),
    { numRuns: 2_000 },
  )
  for (const text of ['{"2":1,"1":2}', '{"a":"\\ud800","b":-0,"c":1e21,"__proto__":1}']) {
    const written = JSON.stringify(JSON.parse(text))
    t.equal(JSON.stringify(JSON.parse(written)), written)
  }
})

t.test('every part of an event is in its digest', async (t) => {
  const changes: Partial<SealedForm>[] = [
    { type: 'OrderFiled' },
    { schemaVersion: 2 },
    { data: '{"price":"1.51"}' },
    { data: '{"price":"1.50"} ' },
    { metadata: '{"actor":"user:bob"}' },
    { streamId: 'order-2' },
    { version: 3 },
    { position: '7/10' },
    { recordedAt: 1_760_000_000_001 },
    { data: '{"price":"1.50"}\n{"actor":"user:ann"}', metadata: '' },
  ]
  const digests = [form, ...changes.map((change) => ({ ...form, ...change }))].map((each) =>
    entryOf(each).toString('hex'),
  )
  t.equal(new Set(digests).size, changes.length + 1)
})

t.test('entries are taken apart as they were put together', async (t) => {
  const other = { ...form, id: 'fedcba98-7654-7210-8fed-cba987654321' }
  const bytes = Buffer.concat([entryOf(form), entryOf(other)])
  t.same(
    entriesOf(bytes).map(({ id }) => id),
    [form.id, other.id],
  )
  t.ok(entriesOf(bytes)[1]?.bytes.equals(entryOf(other)))
  t.same(entriesOf(Buffer.alloc(0)), [])
})

t.test('a seal stands for the one before, its number, its place and its entries', async (t) => {
  const entries = entryOf(form)
  const hashes = [
    sealHash(NO_SEAL, '7/9', entries),
    sealHash({ ...NO_SEAL, number: 0 }, '7/9', entries),
    sealHash({ ...NO_SEAL, hash: 'f'.repeat(64) }, '7/9', entries),
    sealHash(NO_SEAL, '7/10', entries),
    sealHash(NO_SEAL, '7/9', Buffer.alloc(0)),
  ]
  t.equal(new Set(hashes).size, hashes.length)
  t.equal(
    sealHash(NO_SEAL, '7/9', entries),
    '6b9a422fe4601a8dd00edbe22b4a6bc8199a45203ddcc7bc9b3ed64639871b39',
    'the same for ever: seals of today are verified by tomorrow’s program',
  )
})
