// For `import`: the same names and types as index.d.ts, and all as default.
import dgram from './index.js';

export * from './index.js';
export default dgram;
