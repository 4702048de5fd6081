import { defineConfig } from 'vitest/config';
import TableReporter from './packages/faults/src/table-reporter.ts';

export default defineConfig({
  test: {
    include: ['packages/faults/test/**/*.test.ts'],
    globalSetup: 'packages/testing/src/global-setup.ts',
    reporters: ['default', new TableReporter()],
    // Each test starts some six processes, and mostly waits.
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});
