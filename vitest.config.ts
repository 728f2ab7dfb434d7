import { defineConfig } from 'vitest/config';

/** Shaders are imported as text, as the bundler does it. */
const wgslAsText = {
  name: 'wgsl-as-text',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    return id.endsWith('.wgsl') ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined;
  },
};

export default defineConfig({
  plugins: [wgslAsText],
  test: {
    globalSetup: 'test/support/programs/runFolder.ts',
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // The software adapters use every core themselves.
    maxWorkers: 1,
    isolate: true,
  },
});
