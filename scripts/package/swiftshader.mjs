/**
 * Makes packages/swiftshader/bin: of the archive in the npm package @sparticuz/chromium what a Vulkan program needs,
 * file by file.
 *
 *   node scripts/package/swiftshader.mjs
 */
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, createBrotliDecompress } from 'node:zlib';

/** Without libEGL and libGLESv2, which draw. */
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];
/** Written last: which version the files are of. */
const VERSION = 'version';
/** A tenth larger than the best, and forty times as fast. */
const QUALITY = 6;

const folder = (root) => join(root, 'packages', 'swiftshader');

function version(file) {
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** Whether the package holds its files, of its version. */
export function isSwiftshaderMade(root) {
  const made = join(folder(root), 'bin', VERSION);
  return existsSync(made) && readFileSync(made, 'utf8') === version(join(folder(root), 'package.json'));
}

/** @throws Error where the npm package has another version than ours says */
export async function makeSwiftshader(root) {
  const { resolve } = createRequire(import.meta.url);
  const source = dirname(dirname(resolve('@sparticuz/chromium')));
  const [theirs, ours] = [source, folder(root)].map((path) => version(join(path, 'package.json')));
  if (theirs !== ours) {
    throw new Error(
      `packages/swiftshader has the version ${ours}, @sparticuz/chromium ${theirs}: make them equal.`,
    );
  }
  const { extract } = await import('tar-fs');
  const bin = join(folder(root), 'bin');
  const work = `${bin}-${process.pid}`;
  try {
    mkdirSync(work, { recursive: true });
    const ignore = (path) => !FILES.includes(basename(path));
    const archive = createReadStream(join(source, 'bin', 'swiftshader.tar.br'));
    await pipeline(
      archive,
      createBrotliDecompress(),
      extract(work, { chown: false, readable: true, ignore }),
    );
    for (const file of FILES) {
      const bytes = readFileSync(join(work, file));
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      writeFileSync(join(work, `${file}.br`), brotliCompressSync(bytes, { params }));
    }
    for (const file of FILES) rmSync(join(work, file));
    writeFileSync(join(work, VERSION), ours);
    rmSync(bin, { recursive: true, force: true });
    renameSync(work, bin);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await makeSwiftshader(fileURLToPath(new URL('../..', import.meta.url)));
}
