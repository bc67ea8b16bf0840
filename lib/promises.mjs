/** The exports of promises.js for `import`: the same objects, no second set. */

import promises from './promises.js';

export const { createSocket, Socket } = promises;
export default promises;
