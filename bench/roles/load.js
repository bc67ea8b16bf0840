'use strict';

/** How long the first require() of the module takes. */

const { performance } = require('node:perf_hooks');
const { config, say } = require('./role');

say({ ready: true });
const start = performance.now();
require(config.module);
say({ loadMillis: performance.now() - start });
