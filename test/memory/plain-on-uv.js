'use strict';

// The unit tests that `npm run test:memory -- --quick` leaves out with the
// transport `uv`, and CI therefore runs without sanitizers. They concern the
// JavaScript, or programs around sockets, more than the transport.

const FOLDERS = ['api/{names,node,unix}', 'boundary', 'e2e', 'examples'];

module.exports = FOLDERS.map((name) => `test/${name}/**/*.test.js`);
