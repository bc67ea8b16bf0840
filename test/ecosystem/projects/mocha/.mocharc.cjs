'use strict';

// By default mocha looks for it in its own folder.
const setup = process.env.ECOSYSTEM_SETUP;

module.exports = {
  jobs: 2,
  parallel: true,
  ...setup && { require: [require.resolve(setup)] },
  spec: `${__dirname}/*.spec.js`,
};
