// For `import`: the same names and types as promises.d.ts, and all as default.
import promises from './promises.js';

export * from './promises.js';
export default promises;
