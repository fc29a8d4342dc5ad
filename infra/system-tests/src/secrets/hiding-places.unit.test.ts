import t from 'tap'
import { hits } from './hiding-places.ts'

t.test('a secret is found as it is, in hex and in base64', async (t) => {
  const word = 'clbsecret0123456789abcdef'
  const found = (content: string | Buffer) => hits({ name: 'here', content }, [word, 'another'])
  t.same(found(`a ${word} b`), [`${word}: here`])
  t.same(found(Buffer.from(`\0${word}\0`)), [`${word}: here`])
  t.same(found(Buffer.from(`x${word}y`).toString('hex')), [`${word}: here`])
  for (const before of ['', 'a', 'ab', 'abc', '{"key":"'])
    t.same(found(Buffer.from(`${before}${word}",`).toString('base64')), [`${word}: here`], `after ${before}`)
  t.same(found('clbsecret'), [])
})
