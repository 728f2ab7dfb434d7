/** What `npm i` of one library alone brings. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Library, PACKAGES } from './libraries.js';
import type { Install } from './report.js';

/** @param root of the repository; dist must be built */
export function measureInstall(library: Library, root: string): Install {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-install-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const npm = (...args: string[]) =>
      execFileSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
        cwd: folder,
        stdio: 'pipe',
      });
    const own = library === 'chexgpu' ? String(npm('pack', root, '--silent')).trim() : null;
    const { devDependencies: versions } = readJson(join(root, 'bench/embedding/package.json'));
    const wanted = own
      ? [`./${own}`]
      : PACKAGES[library as keyof typeof PACKAGES].map((name) => `${name}@${versions[name]}`);
    npm('i', ...wanted);
    if (own) rmSync(join(folder, own));
    const { packages } = readJson(join(folder, 'node_modules', '.package-lock.json'));
    const version = own ? `chexgpu ${readJson(join(root, 'package.json')).version}` : wanted.join(', ');
    return {
      library,
      what: version,
      packages: Object.keys(packages).length,
      bytes: bytesBelow(join(folder, 'node_modules')),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** Of all files below a folder. */
export function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}
