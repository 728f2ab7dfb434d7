/** A folder of a test's own, and results in it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';

let root = '';

/** A path in it; without parts the folder itself. */
export const at = (...parts: string[]) => join(root, ...parts);
export const text = (...parts: string[]) => readFileSync(at(...parts), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chexgpu-outputs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

export function put(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

/** A whole result: each name and its text. */
export async function write(target: string, files: Record<string, string>, overwrite = false): Promise<void> {
  const folder = await OutputFolder.open(at(target), { overwrite });
  try {
    stage(folder, files);
    await folder.publish();
  } finally {
    await folder.close();
  }
}

export function stage(folder: OutputFolder, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.staged, name)), { recursive: true });
    writeFileSync(join(folder.staged, name), content);
  }
}

/** Visible and hidden names below a folder. */
export function tree(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(at(folder), prefix), { withFileTypes: true })) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) Object.assign(found, tree(folder, path));
    else if (path !== '.chexgpu.json') found[path] = text(folder, path);
  }
  return found;
}

export const OLD = {
  'weights.h5': 'old weights',
  'history.json': 'old history',
  'figures/roc.svg': 'old curve',
};
export const NEW = {
  'weights.h5': 'new weights',
  'history.json': 'new history',
  'report.html': 'new report',
};
