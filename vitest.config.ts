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
