/** The direction data and imports flow in: gateway -> services only over the network, everything -> packages, never back. */
/** Tests, benches and what they share. Nothing else may lean on them. */
const TESTS = '\\.(test|bench)\\.ts$|/src/testing/|/src/test-bed\\.ts$'
/** What a package shows others. */
const DOORS =
  '^packages/[^/]+/(src|dist)/(testing/)?index\\.(ts|js|d\\.ts)$|^infra/[^/]+/(src|dist)/index\\.(ts|js|d\\.ts)$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other at run time are one idea; types may point both ways.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere cannot be judged by any other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'packages-stand-alone',
      comment: 'Packages are below services, gateway and the launchers; only the testkit wraps the latter.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/testkit/|${TESTS}` },
      to: { path: '^(services|gateway|infra)/' },
    },
    {
      name: 'testkit-starts-real-parts',
      severity: 'error',
      from: { path: '^packages/testkit/' },
      to: { path: '^(services|gateway|infra/(?!local/|exchange-simulator/))' },
    },
    {
      name: 'services-never-import-services',
      comment: 'Services talk over NATS.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'services-use-packages-only',
      severity: 'error',
      from: { path: '^services/', pathNot: TESTS },
      to: { path: '^(gateway|infra)/' },
    },
    {
      name: 'gateway-uses-packages-only',
      comment: 'The edge reaches services over HTTP.',
      severity: 'error',
      from: { path: '^gateway/', pathNot: TESTS },
      to: { path: '^(services|infra)/' },
    },
    {
      name: 'tests-stay-out-of-other-services',
      severity: 'error',
      from: { path: `^(packages|gateway)/.*(${TESTS})` },
      to: { path: '^services/' },
    },
    {
      name: 'event-log-knows-no-trading-word',
      severity: 'error',
      from: { path: '^packages/event-log/', pathNot: TESTS },
      to: { path: '^packages/', pathNot: '^packages/event-log/' },
    },
    {
      name: 'contracts-and-strategy-stand-alone',
      severity: 'error',
      from: { path: '^packages/(contracts|strategy)/', pathNot: TESTS },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    {
      name: 'two-doors-per-package',
      comment: 'What a package exports neither from its index nor, for tests, from testing/ is private.',
      severity: 'error',
      from: { path: '^([^/]+/[^/]+)/' },
      to: { path: '^(packages|infra)/', pathNot: [`^$1/`, DOORS] },
    },
    {
      name: 'testkit-in-tests-only',
      severity: 'error',
      from: { pathNot: `^infra/|^packages/testkit/|${TESTS}` },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'testing-doors-in-tests-only',
      severity: 'error',
      from: { path: '^([^/]+/[^/]+)/', pathNot: `^infra/|^packages/testkit/|/testing/|${TESTS}` },
      to: { path: '^packages/[^/]+/(src|dist)/testing/', pathNot: '^$1/' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/node_modules/' },
    includeOnly: '^(packages|services|gateway|infra)/',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
}
