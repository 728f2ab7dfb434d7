/** Which build of which sources lies in dist. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSwiftshaderMade } from './package/swiftshader.mjs';

/** The file in dist that holds the hash of the sources it was built from. */
export const STAMP = '.stamp';

/** What a build reads. */
const SOURCES = [
  'src',
  'bench',
  'scripts',
  'package.json',
  'package-lock.json',
  'packages/swiftshader/package.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

function* filesBelow(root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return;
  if (!statSync(full).isDirectory()) yield path;
  else for (const name of readdirSync(full).sort()) yield* filesBelow(root, `${path}/${name}`);
}

/** The hash of every name and every byte: modification times say nothing after a checkout. */
export function sourcesHash(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of filesBelow(root, source)) {
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/** True when dist is whole and was built from the sources as they are. */
export function isBuilt(root) {
  const parts = [
    STAMP,
    'index.js',
    'node.js',
    'decodeWorker.js',
    'drawWorker.js',
    'cli/main.js',
    'browser/chexgpu.js',
  ];
  if (!parts.every((part) => existsSync(join(root, 'dist', part))) || !isSwiftshaderMade(root)) return false;
  return readFileSync(join(root, 'dist', STAMP), 'utf8') === sourcesHash(root);
}
