/** Where, when and of what a bench was measured. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch, cpus, release, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchHeader } from '../../../bench/document/document.js';
import type { NodeGpu } from '../../engine/device/gpu.node.js';
import { versions } from '../session/versions.js';

/** The clone that this program is part of; null where it was installed as a package. */
function clone(): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return existsSync(join(folder, '.git')) ? folder : null;
    if (dirname(folder) === folder) return null;
  }
}

/** The commit of the clone, with `+` where files were changed since; null without git or outside a clone. */
async function currentCommit(): Promise<string | null> {
  const folder = clone();
  if (folder === null) return null;
  const git = async (...words: string[]) =>
    (await promisify(execFile)('git', ['-C', folder, ...words])).stdout.trim();
  try {
    const commit = await git('rev-parse', 'HEAD');
    return (await git('status', '--porcelain')) === '' ? commit : `${commit}+`;
  } catch {
    return null;
  }
}

export async function benchHeader(
  { name, kind, gpu }: Pick<NodeGpu, 'name' | 'kind' | 'gpu'>,
  commandLine: string,
): Promise<BenchHeader> {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit: await currentCommit(),
    adapter: { name, kind },
    driver: gpu.info.description,
    versions: versions(),
    system: `${type()} ${release()} ${arch()}`,
    cpus: { count: processors.length, model: processors[0]?.model.trim() ?? 'unknown' },
    commandLine,
  };
}
