import process from 'node:process';
import { defineConfig } from 'vitest/config';

const { ECOSYSTEM_POOL: pool, ECOSYSTEM_SETUP: setup } = process.env;

export default defineConfig({
  test: {
    include: ['*.vitest.mjs'],
    isolate: true,
    maxWorkers: 2,
    pool,
    setupFiles: setup ? [setup] : [],
  },
});
