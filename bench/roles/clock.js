'use strict';

/** Loaded first: the clocks before the module under test is loaded. */

globalThis[Symbol.for('bench.start')] = {
  cpu: process.cpuUsage(),
  time: process.hrtime.bigint(),
};
