import { createHmac } from 'node:crypto'
import t from 'tap'
import { isSecret, newSecret, signatureOf } from './signature.ts'

t.test('the signature is the one of the standard, over id, time and body', (t) => {
  // The example of the Standard Webhooks specification.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const body = '{"test": 2432232314}'
  t.equal(
    signatureOf(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
  const again = createHmac('sha256', Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'))
  t.equal(signatureOf(secret, 'a', 1, 'é'), `v1,${again.update('a.1.é').digest('base64')}`)
  t.end()
})

t.test('a secret is long enough and well formed', (t) => {
  for (let n = 0; n < 20; n += 1) t.ok(isSecret(newSecret()))
  t.ok(isSecret(`whsec_${Buffer.alloc(24, 1).toString('base64')}`))
  for (const value of [
    undefined,
    null,
    7,
    '',
    'whsec_',
    'secret',
    Buffer.alloc(32, 1).toString('base64'),
    `whsec_${Buffer.alloc(23, 1).toString('base64')}`,
    `whsec_${Buffer.alloc(65, 1).toString('base64')}`,
    'whsec_not base64 not base64 not base64 not base64',
  ]) {
    t.notOk(isSecret(value), String(value))
  }
  t.end()
})
