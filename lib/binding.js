'use strict';

/**
 * Finds the compiled addon. DGRAM_NATIVE_BINDING names another build of it
 * (the sanitizer builds of the tests).
 */

const path = require('node:path');

const BUILT = path.join(__dirname, '..', 'build', 'Release',
                        'dgram_native.node');

module.exports = require(process.env.DGRAM_NATIVE_BINDING || BUILT);
