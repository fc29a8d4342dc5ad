import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { askTogether } from './ask-together.ts'

const start = () => {
  const asked: { readonly request: string; readonly answer: PromiseWithResolvers<string> }[] = []
  const ask = askTogether((request: string) => {
    const answer = Promise.withResolvers<string>()
    asked.push({ request, answer })
    return answer.promise
  })
  return { asked, ask, requests: () => asked.map(({ request }) => request) }
}

t.test('who comes while a question is under way waits for the next, with all the others', async (t) => {
  const { asked, ask, requests } = start()
  const first = ask('state')
  const others = [ask('state'), ask('state'), ask('state')]
  t.same(requests(), ['state'])
  asked[0]?.answer.resolve('before')
  t.equal(await first, 'before')
  await turn()
  t.same(requests(), ['state', 'state'], 'one question for the three of them')
  const late = ask('state')
  asked[1]?.answer.resolve('after')
  t.same(await Promise.all(others), ['after', 'after', 'after'])
  await turn()
  asked[2]?.answer.resolve('later')
  t.equal(await late, 'later', 'never an answer to a question that was asked before')
})

t.test('other questions do not wait; a failure is that of those who asked', async (t) => {
  const { asked, ask, requests } = start()
  const first = ask('state')
  const other = ask('history')
  const next = ask('state')
  t.same(requests(), ['state', 'history'])
  asked[0]?.answer.reject(new Error('away'))
  await t.rejects(first, { message: 'away' })
  await turn()
  asked[2]?.answer.resolve('back')
  t.equal(await next, 'back')
  asked[1]?.answer.resolve('old')
  t.equal(await other, 'old')
  await turn()
  void ask('state')
  t.equal(asked.length, 4, 'nothing is left of what is over')
})
