/**
 * The check whether a picture is a frontal chest X-ray (src/data/checks/frontalChest.ts).
 *
 *   node scripts/chestCheck/run.mjs fit                    writes src/data/checks/chestModel.ts anew
 *   node scripts/chestCheck/run.mjs measure [FOLDER ...]   how often it warns of new drawings, and of what lies there
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = join(root, 'node_modules', '.cache', 'chestCheck.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['scripts/chestCheck/main.ts'],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await import(outfile);
