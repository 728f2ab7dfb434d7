/** Versions of what a result depends on. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest package.json at or above a folder. */
function packageAbove(folder: string): { version: string } {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  if (dirname(folder) === folder) return { version: 'unknown' };
  return packageAbove(dirname(folder));
}

function installedVersion(name: string): string {
  try {
    return packageAbove(dirname(createRequire(import.meta.url).resolve(name))).version;
  } catch {
    return 'not installed';
  }
}

export function chexgpuVersion(): string {
  return packageAbove(dirname(fileURLToPath(import.meta.url))).version;
}

export function versions(): Record<string, string> {
  return {
    chexgpu: chexgpuVersion(),
    node: process.versions.node,
    webgpu: installedVersion('webgpu'),
    sharp: installedVersion('sharp'),
  };
}
