import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { smallWgsl } from './scripts/package/shaders.mjs';

/** Shaders are imported as text: as written, or with CHEXGPU_SHADERS=small as a page gets them. */
const wgslAsText = {
  name: 'wgsl-as-text',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    if (!id.endsWith('.wgsl')) return undefined;
    const text = process.env.CHEXGPU_SHADERS === 'small' ? smallWgsl(code) : code;
    return { code: `export default ${JSON.stringify(text)};`, map: null };
  },
};

const source = (name: string) => `${fileURLToPath(new URL('src', import.meta.url))}/${name}.ts`;

/** Pages and packed packages: they count seconds, or make once what several files use. */
const ALONE = [
  ...['browser', 'package', 'scripts'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/cli/commands/bench.test.ts',
];

export default defineConfig({
  plugins: [wgslAsText],
  // The pages call the library by its name; their modules are tested with its source.
  resolve: {
    alias: [
      { find: /^chexgpu$/, replacement: source('index') },
      { find: /^chexgpu\/(lab|phantoms|reading)$/, replacement: source('$1') },
    ],
  },
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    isolate: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'pairs',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          // A software adapter runs on every core, but compiles on one: of two it leaves half idle (2026-11-28).
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          globalSetup: 'test/support/programs/runFolder.ts',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
