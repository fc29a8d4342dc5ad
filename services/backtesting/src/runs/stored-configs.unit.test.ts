import t from 'tap'
import { userFiles } from './stored-configs.ts'

t.test('a folder that is called like a file is no file', async (t) => {
  const conf = { controllers: { 'folder.yml': {}, 'good.yml': 'id: x\n' } }
  const files = userFiles(t.testdir({ bots: { conf, controllers: { generic: { 'folder.ts': {} } } } }))
  t.same(await files.config('good'), { id: 'x' })
  await t.rejects(files.config('folder'), { message: /^Controller configuration '[a-z]+' not found$/ })
  await t.rejects(files.config('nobody'), { message: /^Controller configuration '[a-z]+' not found$/ })
  await t.rejects(files.config('../../good'), { message: /is no name of a controller configuration/ })
  t.equal(await files.controller('generic', 'folder'), undefined)
  t.equal(await files.controller('generic', '../../conf/controllers/good'), undefined)
})

t.test('a configuration that holds itself, or too much in itself, is refused', async (t) => {
  const written = {
    list: 'a: &a [*a]',
    field: 'trailing_stop: &t {activation_price: 0.01, trailing_delta: *t}',
    whole: '&a {x: {y: *a}}',
    merged: 'a: &a {<<: *a}',
    deep: `a: ${'['.repeat(1_200)}${']'.repeat(1_200)}`,
    twice: 'a: &a [1]\nb: *a',
  }
  const controllers = Object.fromEntries(Object.entries(written).map(([name, text]) => [`${name}.yml`, text]))
  const files = userFiles(t.testdir({ bots: { conf: { controllers } } }))
  for (const name of ['list', 'field', 'whole'])
    await t.rejects(files.config(name), {
      status: 400,
      message: `Controller configuration '${name}' is malformed: an alias stands inside what it names`,
    })
  await t.rejects(files.config('merged'), { status: 400, message: /^Controller configuration 'merged' is malformed: / })
  await t.rejects(files.config('deep'), { status: 400, message: /^Controller configuration 'deep' is malformed: / })
  t.same(await files.config('twice'), { a: [1], b: [1] }, 'the same twice is none of it')
})
