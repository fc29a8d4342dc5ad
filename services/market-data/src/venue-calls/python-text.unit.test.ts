import t from 'tap'
import { pythonList, pythonText } from './python-text.ts'

t.test('text looks as Python shows it', async (t) => {
  t.equal(pythonText('NO-PE'), "'NO-PE'")
  t.equal(pythonText("it's"), `"it's"`)
  t.equal(pythonText(`'"`), String.raw`'\'"'`)
  t.equal(pythonText('a\\b\n'), String.raw`'a\\b\n'`)
  t.equal(pythonList(['a', 'b']), "['a', 'b']")
  t.equal(pythonList([]), '[]')
})
