/** One page of one library and one task, bundled by Vite as an integrator would. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

export interface PageFiles {
  /** Of the repository; dist must be built. */
  root: string;
  /** The folder that is served. */
  site: string;
  /** Path of its program. */
  task: string;
  /** Where the page goes below `site`. */
  name: string;
}

/** Writes `<site>/<name>/index.html` with its files; the package chexgpu is taken as installed in a page. */
export async function bundlePage({ root, site, task, name }: PageFiles): Promise<void> {
  const entry = join(site, `${name.replace('/', '-')}.entry.mjs`);
  const harness = join(root, 'bench/embedding/pages/harness.mjs');
  const imports = [
    `import { measure } from ${JSON.stringify(harness)};`,
    `import task from ${JSON.stringify(task)};`,
  ];
  writeFileSync(entry, `${imports.join('\n')}\nmeasure(task);\n`);
  const outDir = join(site, name);
  await build({
    root: join(root, 'bench/embedding'),
    configFile: false,
    base: `/${name}/`,
    logLevel: 'error',
    publicDir: false,
    resolve: { alias: { chexgpu: join(root, 'dist/esm/index.js') } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'esnext',
      modulePreload: false,
      chunkSizeWarningLimit: 1e5,
      rolldownOptions: { input: entry, output: { entryFileNames: 'page.js' } },
    },
  });
  mkdirSync(outDir, { recursive: true });
  const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title>`;
  writeFileSync(join(outDir, 'index.html'), `${head}<script type="module" src="page.js"></script>\n`);
}
