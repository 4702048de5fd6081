import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['apps/*/test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.slow.test.ts'],
    globalSetup: 'packages/testing/src/global-setup.ts',
    // Each file may start several processes of its own, and the smallest machine has two cores.
    maxWorkers: 2,
    // Real processes start within a test, on a machine that runs others beside it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
