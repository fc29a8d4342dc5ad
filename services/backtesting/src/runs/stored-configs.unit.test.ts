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
