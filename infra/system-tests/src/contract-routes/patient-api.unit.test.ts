import t from 'tap'
import type { Api } from '../api.ts'
import { patient } from './patient-api.ts'

/** Answers with these states in turn, the last one for ever. */
const answering = (...statuses: readonly number[]): Api & { asked(): number } => {
  let asked = 0
  const send: Api['send'] = async () => ({
    status: statuses[Math.min(asked++, statuses.length - 1)] ?? 0,
    body: null,
    headers: new Headers(),
  })
  return { send, get: () => send('', '', {}), post: () => send('', '', {}), asked: () => asked }
}

t.test('what is late is asked once more, and only that', async (t) => {
  for (const [statuses, told, asked, repeated] of [
    [[200], 200, 1, 0],
    [[500], 500, 1, 0],
    [[503, 200], 200, 2, 1],
    [[504, 404], 404, 2, 1],
    [[503, 503, 200], 503, 2, 1],
  ] as const) {
    const api = answering(...statuses)
    const patiently = patient(api, 1)
    t.equal((await patiently.get('/')).status, told, statuses.join(', '))
    t.equal(api.asked(), asked)
    t.equal(patiently.repeated(), repeated)
  }
})
