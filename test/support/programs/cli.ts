/** Runs the built `chexgpu` command. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, type RunNodeOptions, runNode } from './nodeProgram.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');
/** No user's table of kernel timings may count in a test. */
const CACHE = join(ROOT, 'node_modules/.cache/chexgpu-test/cache');
const IS_BUILT =
  "import('./scripts/buildStamp.mjs').then((m) => process.exit(m.isBuilt(process.cwd() + '/') ? 0 : 9))";

/** Builds dist unless it is of these sources. */
export async function ensureBuilt(): Promise<void> {
  const { code } = await runNode(['--input-type=module', '-e', IS_BUILT]);
  if (code === 0) return;
  const built = await runNode(['scripts/build.mjs'], {}, { timeout: 240_000 });
  if (built.code !== 0) throw new Error(`The build failed:\n${built.stdout}${built.stderr}`);
}

/** Runs a command line; without colours or a terminal, at most four minutes. */
export function chexgpu(
  args: string[],
  env: Record<string, string | undefined> = {},
  options: RunNodeOptions = {},
): Promise<Ended> {
  return runNode(
    [MAIN, ...args],
    { CHEXGPU_DEBUG: undefined, CHEXGPU_CACHE: CACHE, ...env },
    { timeout: 240_000, ...options },
  );
}

/** A folder for a test file's own things. */
export function scratchFolder(): { path: (...parts: string[]) => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-cli-'));
  return {
    path: (...parts) => join(folder, ...parts),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Dawn's own, printed when it opens a device, which may be while the error is being said. */
const DAWN_WARNING = /^Warning: max\w+ artificially reduced/;

/** The last line of ours on stderr, where errors stand. */
export function lastLine({ stderr }: Ended): string {
  const lines = stderr.trimEnd().split('\n');
  return lines.findLast((line) => !DAWN_WARNING.test(line)) ?? '';
}
