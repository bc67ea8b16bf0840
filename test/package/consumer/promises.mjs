import { createSocket } from 'dgram-native/promises';

import report from './report.cjs';

report({ createSocket });
