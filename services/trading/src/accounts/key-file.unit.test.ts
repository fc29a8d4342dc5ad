import t from 'tap'
import { KeyFileError, secretBox } from './key-file.ts'

const vector =
  '7b2263727970746f223a7b22636970686572223a226165732d3132382d637472222c22636970686572706172616d73223a7b226976223a223130313131323133313431353136313731383139316131623163316431653166227d2c2263697068657274657874223a226632353965323232653938386535326433323331222c226b6466223a2270626b646632222c226b6466706172616d73223a7b2263223a313030303030302c22646b6c656e223a33322c22707266223a22686d61632d736861323536222c2273616c74223a223030303130323033303430353036303730383039306130623063306430653066227d2c226d6163223a2237326266323439363534643064303466316534616131396531343364666338663064383236323836653365363037306564623632613930663338653935376430227d2c2276657273696f6e223a332c22616c696173223a22227d'
const shortIv =
  '7b2263727970746f223a207b22636970686572223a20226165732d3132382d637472222c2022636970686572706172616d73223a207b226976223a202231313231333134313531363137313831393161316231633164316531227d2c202263697068657274657874223a20223935623137373037633032313534363265613838222c20226b6466223a202270626b646632222c20226b6466706172616d73223a207b2263223a20313030303030302c2022646b6c656e223a2033322c2022707266223a2022686d61632d736861323536222c202273616c74223a20223130643062346437353463363163366463616431306433643063343731353539227d2c20226d6163223a202236303538616566313239313933363464363362353364353661343535363531633664613433383438383939316632373465663138313734313133356663316136227d2c202276657273696f6e223a20332c2022616c696173223a2022227d'

t.test('encrypts the reference secret to the reference bytes', async (t) => {
  const given = ['000102030405060708090a0b0c0d0e0f', '101112131415161718191a1b1c1d1e1f'].values()
  const box = secretBox('correct horse', () => Buffer.from(given.next().value ?? '', 'hex'))
  t.equal(await box.seal('HummingBot'), vector)
})

t.test('decrypts both reference files, also one with a shortened IV', async (t) => {
  const box = secretBox('correct horse')
  t.equal(await box.open(vector), 'HummingBot')
  t.equal(await box.open(shortIv), 'sécret-ü')
})

t.test('a wrong password is a MAC mismatch', async (t) => {
  await t.rejects(secretBox('wrong').open(vector), new KeyFileError('MAC mismatch'))
})

t.test('an empty secret survives the round trip, and two writes differ', async (t) => {
  const box = secretBox('a')
  const [first, second] = await Promise.all([box.seal(''), box.seal('')])
  t.not(first, second)
  t.equal(await secretBox('a').open(first), '')
})

const saltOf = (blob: string): unknown => JSON.parse(Buffer.from(blob, 'hex').toString('utf8')).crypto.kdfparams.salt

t.test('one salt for what is sealed under one password, that of what was there before', async (t) => {
  const fresh = secretBox('correct horse')
  t.equal(saltOf(await fresh.seal('a')), saltOf(await fresh.seal('b')))
  const again = secretBox('correct horse')
  await again.open(vector)
  t.equal(saltOf(await again.seal('a')), '000102030405060708090a0b0c0d0e0f')
  const mistaken = secretBox('wrong')
  await t.rejects(mistaken.open(vector))
  t.not(saltOf(await mistaken.seal('a')), '000102030405060708090a0b0c0d0e0f', 'not that of another password')
})

t.test('what is no key file is refused before any key is derived', async (t) => {
  const box = secretBox('a')
  await t.rejects(box.open('zz'), new KeyFileError('not the hex text of a key file'))
  await t.rejects(box.open(Buffer.from('{').toString('hex')), new KeyFileError('the key file is not JSON'))
  await t.rejects(box.open(Buffer.from('{"version":2}').toString('hex')), /unsupported key file/)
})
