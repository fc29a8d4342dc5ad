import fc from 'fast-check'
import t from 'tap'
import type { Parameters } from './field-path.ts'
import { SearchRefused } from './refused.ts'
import { type Method, type Search, searchOf } from './search.ts'
import { parseSpace } from './space.ts'

const plan = { trials: 40, seed: 7, round: 8 }

/** Runs a search against a function that is to be as small as can be; the results come in whatever order they come. */
const run = (search: Search, loss: (parameters: Parameters) => number) => {
  const tried: { parameters: Parameters; loss: number }[] = []
  while (tried.length < search.trials) {
    const ranked = tried.toSorted((a, b) => a.loss - b.loss).map(({ parameters }) => parameters)
    const proposed = search.propose(tried.length, ranked)
    tried.push(...proposed.map((parameters) => ({ parameters, loss: loss(parameters) })))
  }
  return { tried, best: Math.min(...tried.map((each) => each.loss)) }
}

t.test('a grid has every combination once, the first field moving slowest', async (t) => {
  const space = parseSpace({ x: [1, 2], y: ['a', 'b'], z: { min: 0, max: 0.2, step: 0.1 } })
  const { tried } = run(searchOf({ ...plan, space, method: 'grid' }, 100), () => 0)
  t.equal(tried.length, 12)
  t.same(tried[0]?.parameters, { x: 1, y: 'a', z: 0 })
  t.same(tried[1]?.parameters, { x: 1, y: 'a', z: 0.1 })
  t.same(tried[11]?.parameters, { x: 2, y: 'b', z: 0.2 })
  t.equal(new Set(tried.map(({ parameters }) => JSON.stringify(parameters))).size, 12)
})

t.test('a grid says how many combinations are too many, and which range has no steps', async (t) => {
  const refusal = (asked: object) => {
    try {
      searchOf({ ...plan, space: parseSpace({ ...asked }), method: 'grid' }, 100)
    } catch (error) {
      return error instanceof SearchRefused ? error.message : undefined
    }
    return undefined
  }
  t.match(refusal({ x: { min: 1, max: 20, step: 1 }, y: { min: 1, max: 20, step: 1 } }), /400 combinations; .* 100/)
  t.equal(refusal({ x: [1], y: { min: 0, max: 1 } }), 'y: a grid needs the step or the count of a range')
})

const discrete = parseSpace({
  a: { min: 1, max: 12, step: 1 },
  b: ['x', 'y', 'z'],
  c: [true, false],
})

for (const method of ['random', 'bayesian'] satisfies Method[])
  t.test(`${method}: nothing is tried twice, also when everything there is is tried`, async (t) => {
    for (const trials of [30, 72, 500]) {
      const search = searchOf({ ...plan, trials, space: discrete, method }, 0)
      t.equal(search.trials, Math.min(trials, 72))
      const { tried } = run(search, ({ a }) => Number(a))
      t.equal(new Set(tried.map(({ parameters }) => JSON.stringify(parameters))).size, search.trials)
    }
  })

for (const method of ['random', 'bayesian'] satisfies Method[])
  t.test(`${method}: a range of no width, or next to none, ends`, async (t) => {
    const of = (x: object, trials: number) => {
      const search = searchOf({ ...plan, space: parseSpace({ x }), method, trials }, 0)
      const tried: Parameters[] = []
      for (let first = 0; first < search.trials; first += plan.round) tried.push(...search.propose(first, tried))
      return tried.map((parameters) => parameters.x)
    }
    t.same(of({ min: 1, max: 1 }, 50), [1])
    t.same(of({ min: 1, max: 1.00001 }, 50).toSorted(), [1, 1.00001])
    const few = of({ min: 1, max: 1.0002 }, 1_000)
    t.equal(new Set(few).size, few.length)
    t.ok(few.length <= 21)
  })

const continuous = parseSpace({ x: { min: -5, max: 5 }, y: { min: 0.001, max: 10, scale: 'log' }, z: ['p', 'q'] })
const bowl = ({ x, y, z }: Parameters): number =>
  (Number(x) - 1) ** 2 + (Math.log10(Number(y)) + 1) ** 2 + (z === 'p' ? 0 : 1)

t.test('a search that goes on after a break tries the same, whatever order results came in', async (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.nat(3), (seed, round, rounds) => {
          const make = () => searchOf({ space: continuous, method: 'bayesian', trials: 30, seed, round }, 0)
          const { tried } = run(make(), bowl)
          const first = rounds * round
          const known = tried.slice(0, first).toSorted((a, b) => a.loss - b.loss)
          const again = make().propose(
            first,
            known.map(({ parameters }) => parameters),
          )
          return (
            JSON.stringify(again) === JSON.stringify(tried.slice(first, first + round).map((each) => each.parameters))
          )
        }),
        { numRuns: 20 },
      ),
    'for every seed and round',
  )
})

t.test('another seed, other trials', async (t) => {
  for (const method of ['random', 'bayesian'] satisfies Method[]) {
    const first = (seed: number) => searchOf({ ...plan, space: continuous, method, seed }, 0).propose(0, [])
    t.same(first(1), first(1))
    t.notSame(first(1), first(2))
  }
})

t.test('a random search sees every part of the space alike', async (t) => {
  const space = parseSpace({ x: { min: 0.001, max: 1000, scale: 'log' }, y: ['a', 'b', 'c'] })
  const { tried } = run(searchOf({ space, method: 'random', trials: 3_000, seed: 1, round: 500 }, 0), () => 0)
  const share = (of: (parameters: Parameters) => boolean) => tried.filter((each) => of(each.parameters)).length / 3_000
  for (const value of ['a', 'b', 'c']) t.ok(Math.abs(share(({ y }) => y === value) - 1 / 3) < 0.05)
  for (const decade of [-3, -2, -1, 0, 1, 2]) {
    const within = share(({ x }) => Math.floor(Math.log10(Number(x))) === decade)
    t.ok(Math.abs(within - 1 / 6) < 0.04, `${within} in 1e${decade}`)
  }
})

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const range = (min: number, max: number) => ({ min, max })

const functions: Readonly<Record<string, { space: object; loss: (parameters: Parameters) => number }>> = {
  'sphere in 4 dimensions': {
    space: { a: range(-5, 5), b: range(-5, 5), c: range(-5, 5), d: range(-5, 5) },
    loss: ({ a, b, c, d }) => [a, b, c, d].reduce<number>((sum, x, index) => sum + (Number(x) - index) ** 2, 0),
  },
  Branin: {
    space: { x: range(-5, 10), y: range(0, 15) },
    loss: ({ x, y }) =>
      (Number(y) - (5.1 / (4 * Math.PI ** 2)) * Number(x) ** 2 + (5 / Math.PI) * Number(x) - 6) ** 2 +
      10 * (1 - 1 / (8 * Math.PI)) * Math.cos(Number(x)) +
      10,
  },
  Rosenbrock: {
    space: { x: range(-2, 2), y: range(-1, 3) },
    loss: ({ x, y }) => 100 * (Number(y) - Number(x) ** 2) ** 2 + (1 - Number(x)) ** 2,
  },
  'steps, logarithms and choices together': {
    space: {
      n: { min: 5, max: 500, step: 5 },
      p: { min: 0.0001, max: 1, scale: 'log' },
      kind: ['a', 'b', 'c', 'd'],
      on: [true, false],
      level: [1, 2, 5, 10, 20],
    },
    loss: ({ n, p, kind, on, level }) =>
      ((Number(n) - 120) / 100) ** 2 +
      (Math.log10(Number(p)) + 2) ** 2 +
      (kind === 'c' ? 0 : 1) +
      (on === true ? 0 : 0.5) +
      Math.abs(Number(level) - 5) / 5,
  },
}

for (const [name, { space: asked, loss }] of Object.entries(functions))
  t.test(`of 80 trials a Bayesian search makes more than a random one: ${name}`, async (t) => {
    const space = parseSpace({ ...asked })
    const seeds = Array.from({ length: 15 }, (_, index) => index)
    const best = (method: Method) =>
      median(seeds.map((seed) => run(searchOf({ space, method, trials: 80, seed, round: 8 }, 0), loss).best))
    const [bayesian, random] = [best('bayesian'), best('random')]
    t.comment(`${name}: ${bayesian.toFixed(4)} against ${random.toFixed(4)}`)
    t.ok(bayesian < random / 1.3, `${bayesian} against ${random}`)
  })
