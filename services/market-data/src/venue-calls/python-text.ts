/** Text as Python's `repr` shows it: what several error texts of the contract contain. */
export const pythonText = (text: string): string => {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
  return text.includes("'") && !text.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`
}

/** A list of texts as Python shows it: `['a', 'b']`. */
export const pythonList = (texts: readonly string[]): string => `[${texts.map(pythonText).join(', ')}]`
