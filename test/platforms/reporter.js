'use strict';

/**
 * A mocha reporter that appends one JSON object per event to the file named by
 * DGRAM_PLATFORM_REPORT, so that a crash or a killed emulator loses no result.
 * readReport() of report.js is its reader.
 */

const fs = require('node:fs');
const path = require('node:path');

/** The checkout, or a copy of it: see tree.js. */
const root = process.cwd();

/** Forward slashes on every platform: names are compared between platforms. */
function fileOf(test) {
  return test.file ?
    path.relative(root, test.file).replaceAll(path.sep, '/') : undefined;
}

class PlatformReporter {
  constructor(runner) {
    const file = process.env.DGRAM_PLATFORM_REPORT;
    const write = (event) =>
      fs.appendFileSync(file, `${JSON.stringify(event)}\n`);
    const about = (event, test) =>
      ({ event, test: test.fullTitle(), file: fileOf(test) });

    runner.on('start', () => write({ event: 'start', total: runner.total }));
    runner.on('test', (test) => write(about('test', test)));
    runner.on('pass', (test) => write(about('pass', test)));
    runner.on('pending', (test) => write(about('pending', test)));
    runner.on('fail', (test, error) => write({
      ...about('fail', test), error: String(error?.stack ?? error),
    }));
    runner.on('end', () => write({ event: 'end' }));
  }
}

module.exports = PlatformReporter;
