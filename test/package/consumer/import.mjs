import { createRequire } from 'node:module';

import dgram, { createSocket, Socket, transport } from 'dgram-native';
import * as everything from 'dgram-native';

import report from './report.cjs';

const required = createRequire(import.meta.url)('dgram-native');

report({ createSocket }, {
  oneInstance: dgram === required && createSocket === dgram.createSocket &&
    Socket === dgram.Socket && transport === dgram.transport,
  exports: Object.keys(everything),
});
