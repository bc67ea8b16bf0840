'use strict';

// The whole of mocha's part: `npm run test:unit`, each Node of
// `npm run test:matrix` and `npm run test:memory` run these files.
module.exports = {
  ...require('../.mocharc.cjs'),
  spec: [
    'test/{api,boundary,native,e2e,examples}/**/*.test.js',
    'test/upstream/*.test.js',
  ],
};
