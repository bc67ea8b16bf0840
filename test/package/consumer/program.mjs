// Does not mention dgram-native before the report.
import { createSocket, Socket } from 'node:dgram';
import { createRequire } from 'node:module';

import report from './report.cjs';

const ours = createRequire(import.meta.url)('dgram-native');

report({ createSocket }, { replaced: Socket === ours.Socket });
