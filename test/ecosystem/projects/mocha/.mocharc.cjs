'use strict';

// mocha itself would look for it beside mocha.
const setup = process.env.ECOSYSTEM_SETUP;

module.exports = {
  jobs: 2,
  parallel: true,
  ...setup && { require: [require.resolve(setup)] },
  spec: `${__dirname}/*.spec.js`,
};
