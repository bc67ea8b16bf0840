'use strict';

/** Duration of the first require() of the module. */

const { performance } = require('node:perf_hooks');
const { config, report } = require('./role');

report({ ready: true });
const start = performance.now();
require(config.module);
report({ loadMillis: performance.now() - start });
