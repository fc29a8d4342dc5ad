/** One thing that is wrong with what was asked: where, and what would be right. */
export interface Flaw {
  readonly path: readonly (string | number)[]
  readonly says: string
}

/** A search that cannot be made as it was asked for; every flaw is named. */
export class SearchRefused extends Error {
  override readonly name = 'SearchRefused'
  constructor(readonly flaws: readonly Flaw[]) {
    super(flaws.map(({ path, says }) => `${path.join('.')}: ${says}`).join('; '))
  }
}
