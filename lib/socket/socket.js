'use strict';

/**
 * The Socket class: arguments, state, events and their order, as in Node 26.
 * Most methods check, call the handle, and turn its status into an error.
 * docs/parity.md lists the intended differences.
 *
 * Each file below adds its methods to the prototype. Programs see them in this
 * order, which is Node's. Code that several topics share is in files without
 * methods: state.js, common.js, queue.js, bind-outcome.js, receive.js.
 */

const { Socket, createSocket } = require('./constructor');

require('./bind');
require('./connect');
require('./send');
require('./send-many');
require('./close');
require('./detach');
require('./address');
require('./options');
require('./membership');
require('./platform-options');
require('./ref');
require('./buffer-sizes');
require('./flow');
require('./iterate');
const { stats } = require('./stats');

module.exports = { Socket, createSocket, stats };
