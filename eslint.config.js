import tseslint from 'typescript-eslint';

/** The rooms of src/, from the lowest to the highest: a file imports from its own room and those it lists. */
const ROOMS = {
  core: [],
  tensor: ['core'],
  random: ['core', 'tensor'],
  nn: ['core', 'tensor', 'random'],
  data: ['core', 'tensor', 'random'],
  text: ['core', 'tensor', 'random'],
  backend: ['core', 'tensor', 'random', 'nn'],
  robust: ['core', 'tensor', 'random', 'nn'],
  matrices: ['core', 'tensor'],
  moments: ['core', 'tensor', 'random', 'nn', 'matrices'],
  experiments: ['core', 'tensor', 'random', 'nn', 'data', 'text', 'robust', 'matrices', 'moments'],
  verify: ['core', 'tensor', 'random', 'nn', 'data', 'text', 'robust', 'matrices', 'moments', 'experiments'],
  sweep: ['core', 'tensor', 'experiments'],
  runtime: ['core'],
  outputs: [],
  figures: [],
  report: ['core', 'tensor', 'experiments', 'sweep', 'figures'],
  runs: ['core', 'tensor', 'random', 'nn', 'data', 'text', 'robust', 'matrices', 'moments', 'experiments', 'sweep', 'outputs', 'figures'],
  web: ['core', 'tensor', 'random', 'nn', 'data', 'text', 'moments', 'experiments', 'runs', 'outputs', 'figures', 'runtime'],
  cli: ['core', 'tensor', 'random', 'nn', 'data', 'text', 'backend', 'robust', 'matrices', 'moments', 'experiments', 'verify', 'sweep', 'runs', 'web', 'runtime', 'outputs', 'figures', 'report'],
};

/** Differ between engines, or hide state: nothing on the way to a result may use them. */
const INEXACT = ['exp', 'expm1', 'log', 'log1p', 'log2', 'log10', 'pow', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2',
  'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'hypot', 'cbrt', 'random'];
const COMPUTING = ['core', 'tensor', 'random', 'nn', 'data', 'text', 'backend', 'robust', 'matrices', 'moments', 'experiments', 'verify', 'sweep'];

const banInexact = [
  { selector: `MemberExpression[object.name='Math'][property.name=/^(${INEXACT.join('|')})$/]`, message: 'Differs between engines; use the functions of the core.' },
  { selector: "BinaryExpression[operator='**']:not([right.type='Literal'])", message: 'A power differs between engines; multiply, or use the core.' },
  { selector: "NewExpression[callee.name='Date'], MemberExpression[object.name='Date']", message: 'A result may not depend on the clock.' },
];

const rooms = Object.entries(ROOMS).map(([room, below]) => {
  const above = Object.keys(ROOMS).filter((other) => other !== room && !below.includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        patterns: [
          // Runtime is handed in: whoever computes or writes may know its types only.
          ...above.filter((other) => other !== 'runtime').map((other) => ({
            group: [`**/${other}/**`], message: `Arrows run one way: ${room} may import from ${below.join(', ') || 'no other room'}.`,
          })),
          ...(above.includes('runtime') ? [{ group: ['**/runtime/**'], allowTypeImports: true, message: 'The runtime is handed in; import its types only.' }] : []),
          ...(room === 'runtime' || room === 'cli' ? [] : [{ group: ['node:*', 'fs', 'path', 'os'], message: "Only src/runtime touches a runtime's own API." }]),
        ],
      }],
    },
  };
});

export default tseslint.config(
  { ignores: ['dist/', 'src/core/generated/', 'assembly/**/*.ts', 'node_modules/', 'outputs/', '.cache/', 'examples/*/bundle/', 'site/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 400 }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  ...rooms,
  { files: [...COMPUTING.map((room) => `src/${room}/**/*.ts`), 'examples/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...banInexact] } },
);
