/**
 * SwiftShader, Google's Vulkan in software, out of the npm package chexgpu-swiftshader: no system driver, no Vulkan
 * loader, no root needed. Linux on x86-64 only, as the package is.
 */
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { cachedFolder } from './archiveCache.node.js';

const PACKAGE = 'chexgpu-swiftshader';
/** Packed in its folder bin, each with .br behind its name. */
const DRIVER = 'libvk_swiftshader.so';
const LOADER = 'libvulkan.so.1';
const MANIFEST = 'vk_swiftshader_icd.json';

/** glibc's RTLD_NODELETE: the library stays loaded although Node rejects it as an addon. */
const RTLD_NODELETE = 0x1000;

/** Loads a shared library into this process, where later dlopen calls find it by its name. False if it cannot. */
export function loadLibrary(nameOrPath: string): boolean {
  try {
    process.dlopen({ exports: {} }, nameOrPath, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (cause) {
    // Node wants an addon ("Module did not self-register"); by then the library is loaded.
    return /self-register/.test(String(cause));
  }
}

/** Where the installed package has its files, and its version; null when there is none. */
function installed(): { bin: string; version: string } | null {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return { bin: join(dirname(manifest), 'bin'), version };
  } catch {
    return null;
  }
}

/** The version of the installed package, which is that of the Chromium it was taken from; null when there is none. */
export const swiftshaderVersion = (): string | null => installed()?.version ?? null;

/** Why SwiftShader cannot be had here; null when it can. */
export function swiftshaderObstacle(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the embedded SwiftShader is for Linux on x64, this is ${process.platform} on ${process.arch}`;
  }
  const found = installed();
  if (!found) return `the npm package ${PACKAGE} is not installed`;
  // In a clone the build makes them.
  return existsSync(join(found.bin, `${DRIVER}.br`)) ? null : `the npm package ${PACKAGE} is not built`;
}

/**
 * Unpacks SwiftShader once per version and loads its Vulkan loader into this process, where
 * Dawn's own dlopen('libvulkan.so.1') then finds it by name.
 * @returns the path of the driver's manifest, for VK_DRIVER_FILES
 * @throws AdapterError when no cache folder can be written
 */
export async function loadSwiftshader(): Promise<string> {
  const found = installed();
  if (!found) throw new Error('asked for SwiftShader where swiftshaderObstacle() names an obstacle');
  const folder = await cachedFolder(`swiftshader-${found.version}`, async (target) => {
    for (const file of [DRIVER, LOADER, MANIFEST]) {
      const packed = createReadStream(join(found.bin, `${file}.br`));
      await pipeline(
        packed,
        createBrotliDecompress(),
        createWriteStream(join(target, file), { mode: 0o755 }),
      );
    }
  });
  loadLibrary(join(folder, LOADER));
  return join(folder, MANIFEST);
}
