'use strict';

const js = require('@eslint/js');
const stylistic = require('@stylistic/eslint-plugin');
const mocha = require('eslint-plugin-mocha').default;
const node = require('eslint-plugin-n');
const globals = require('globals');

const style = {
  ...stylistic.configs.customize({
    arrowParens: true,
    braceStyle: '1tbs',
    commaDangle: 'always-multiline',
    indent: 2,
    quotes: 'single',
    semi: true,
  }).rules,
  '@stylistic/indent': ['error', 2, {
    // Continued expressions are formatted by hand.
    ignoredNodes: [
      'ConditionalExpression',
      'ObjectPattern > Property',
      'TemplateLiteral *',
    ],
    ArrayExpression: 'off',
    CallExpression: { arguments: 'off' },
    FunctionDeclaration: { parameters: 'off' },
    FunctionExpression: { parameters: 'off' },
    MemberExpression: 'off',
    SwitchCase: 1,
    VariableDeclarator: 'first',
  }],
  '@stylistic/indent-binary-ops': 'off',
  '@stylistic/lines-between-class-members': 'off',
  '@stylistic/max-len': ['error', {
    code: 80,
    ignoreRegExpLiterals: true,
    ignoreTemplateLiterals: true,
    ignoreUrls: true,
  }],
  '@stylistic/max-statements-per-line': ['error', { max: 2 }],
  '@stylistic/multiline-ternary': 'off',
  '@stylistic/operator-linebreak': ['error', 'after'],
  '@stylistic/quote-props': 'off',
  '@stylistic/quotes': ['error', 'single', {
    allowTemplateLiterals: 'avoidEscape',
    avoidEscape: true,
  }],
  '@stylistic/space-before-function-paren': ['error', {
    anonymous: 'ignore',
    asyncArrow: 'always',
    named: 'never',
  }],
};

module.exports = [
  { ignores: ['**/build/', '.cache/', 'dist/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  ...node.configs['flat/mixed-esm-and-cjs'],
  {
    files: ['**/*.{js,cjs,mjs}'],
    plugins: { '@stylistic': stylistic },
    rules: {
      ...style,
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constructor-return': 'error',
      'no-implicit-globals': 'error',
      'no-self-compare': 'error',
      'no-shadow': 'error',
      'no-unneeded-ternary': 'error',
      'no-unused-expressions': 'error',
      'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'none' }],
      'no-use-before-define': ['error', {
        classes: false,
        functions: false,
        variables: false,
      }],
      'no-useless-return': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'n/no-deprecated-api': 'error',
      'n/prefer-node-protocol': 'error',
    },
  },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { strict: ['error', 'global'] },
  },

  {
    // The published code requires only its own files and Node, from the oldest
    // supported version on.
    files: ['lib/**'],
    rules: {
      // Published as dist/cli.js.
      'n/hashbang': ['error', { additionalExecutables: ['lib/cli.js'] }],
      'n/no-process-exit': 'error',
      'n/no-restricted-require': ['error', [{
        name: ['mocha', 'node-gyp'],
        message: 'lib/ has no dependencies.',
      }]],
      'n/no-unsupported-features/node-builtins': ['error', {
        allowExperimental: true,
        // Used only after a check that they exist.
        ignores: ['net.BlockList.isBlockList', 'process.getBuiltinModule'],
      }],
      'no-console': 'error',
    },
  },

  {
    // Tools and tests run on the Node of the developers.
    files: ['*.js', '.mocharc.cjs', '{bench,demo,scripts,test}/**'],
    rules: {
      'n/hashbang': 'off',
      'n/no-process-exit': 'off',
      'n/no-unpublished-import': 'off',
      'n/no-unpublished-require': 'off',
      'n/no-unsupported-features/node-builtins': ['error', {
        allowExperimental: true,
        version: '>=18.18.0',
      }],
    },
  },
  {
    // Resizable memory, where this Node has it.
    files: ['test/fuzz/js/values.js'],
    rules: { 'n/no-unsupported-features/es-syntax': 'off' },
  },
  {
    files: ['test/**'],
    languageOptions: { globals: globals.mocha },
    plugins: { mocha },
    rules: {
      // Functions whose source runs in a child process have their own `dgram`.
      'no-shadow': 'off',
      // Some tests require `dgram` without the prefix on purpose.
      'n/prefer-node-protocol': 'off',
      'mocha/consistent-spacing-between-blocks': 'error',
      'mocha/handle-done-callback': 'error',
      'mocha/no-async-suite': 'error',
      'mocha/no-exclusive-tests': 'error',
      'mocha/no-identical-title': 'error',
      'mocha/no-nested-tests': 'error',
      'mocha/no-return-and-callback': 'error',
    },
  },
  {
    // Programs with packages that are installed elsewhere. They run only on
    // Nodes with the features that they use.
    files: ['test/ecosystem/{programs,projects}/**'],
    languageOptions: { globals: globals.jest },
    rules: {
      'n/no-extraneous-import': 'off',
      'n/no-extraneous-require': 'off',
      'n/no-missing-import': 'off',
      'n/no-missing-require': 'off',
      'n/no-unsupported-features/node-builtins': 'off',
    },
  },
];
