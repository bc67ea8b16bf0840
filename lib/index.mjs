/** The exports of index.js for `import`: the same objects, no second set. */

import dgram from './index.js';

export const { createSocket, Socket, features, stats, transport } = dgram;
export default dgram;
