// Which file may import which. `npm run depcheck` needs a build: names such as 'queuelink' resolve to dist.

// From the ground up: a floor imports from itself and from lower ones; what shares a floor is kept apart.
const FLOORS = [
  ['src/errors', 'src/util'],
  ['src/os'],
  ['src/core'],
  ['src/queues', 'src/io'],
  ['src/link'],
  ['src/index'],
  ['src/testing'],
  ['src/cli'],
]

const anyOf = rooms => `^(${rooms.join('|')})[/.]`

const floorRules = FLOORS.slice(0, -1).flatMap((floor, height) =>
  floor.map(room => ({
    name: `floor-of-${room}`,
    from: { path: anyOf([room]) },
    to: { path: anyOf([...floor.filter(other => other !== room), ...FLOORS.slice(height + 1).flat()]) },
  })),
)

const builtin = (...names) => `^(node:)?(${names.join('|')})$`

const rules = [
  ...floorRules,
  {
    name: 'no-circular',
    comment: 'type-only imports count as well',
    from: { path: '^(src|operators|marbles|test|bench|examples)/' },
    to: { circular: true },
  },
  {
    name: 'src-without-operators',
    from: { path: '^src/' },
    to: { path: '^operators/' },
  },
  {
    name: 'operators-stand-on-core',
    comment: 'an operator knows no kind of queue and no link',
    from: { path: '^operators/' },
    to: { pathNot: ['^operators/', '^src/(core|errors|util)/', '^node_modules/rxjs/'] },
  },
  {
    name: 'kinds-apart',
    comment: 'memory, shared, durable and socket queues never import each other',
    from: { path: '^src/queues/([^/]+)/' },
    to: { path: '^src/queues/[^/]+/', pathNot: '^src/queues/$1/' },
  },
  {
    name: 'threads-in-runtime',
    from: { path: '^(src|operators)/', pathNot: '^src/(link/(runtime|entry)/|os/(socket-descriptor|end-soon))' },
    to: { path: builtin('worker_threads') },
  },
  {
    name: 'processes-in-runtime-and-io',
    from: { path: '^(src|operators)/', pathNot: '^src/(link/(runtime|entry)|io)/' },
    to: { path: builtin('child_process', 'cluster') },
  },
  {
    name: 'files-in-few-places',
    from: { path: '^(src|operators)/', pathNot: '^src/(os/|queues/durable/|core/spill|io/|cli/)' },
    to: { path: builtin('fs', 'fs/promises') },
  },
  {
    name: 'stores-without-rxjs',
    comment: 'another face than that of rxjs must be possible without touching a store',
    from: {
      path: [
        '^src/core/(store|waiters|joining|attempts)\\.ts$',
        '^src/core/(mailbox|lease)[^/]*\\.ts$',
        '^src/queues/.*store\\.ts$',
      ],
    },
    to: { path: '^node_modules/rxjs/' },
  },
  {
    name: 'sources-stand-alone',
    from: { path: '^(src|operators)/' },
    to: { path: '^(dist|test|marbles|bench|examples|scripts)/' },
  },
  {
    name: 'public-entries-only',
    comment: 'bench and examples use the package as its users do',
    from: { path: '^(bench|examples)/' },
    to: {
      path: '^(src|operators|dist|test|marbles|scripts)/',
      pathNot: '^dist/(src/index|operators/index|src/testing/index)\\.(js|d\\.ts)$',
    },
  },
  {
    name: 'tests-use-the-build',
    comment: "tests import 'queuelink' or '#src/…': a relative path would load a second copy of the module",
    from: { path: '^(test|marbles)/' },
    to: { path: '^(src|operators)/' },
  },
  {
    name: 'no-dev-dependencies',
    from: { path: '^(src|operators)/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm', 'npm-peer'] },
  },
  {
    name: 'resolvable',
    from: {},
    to: { couldNotResolve: true },
  },
]

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: rules.map(rule => ({ ...rule, severity: 'error' })),
  options: {
    doNotFollow: { path: '^(node_modules|dist)/' },
    exclude: { path: '^(build|coverage|docs|bench/peers|\\.git)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}
