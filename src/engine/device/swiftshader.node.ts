/**
 * SwiftShader, Google's Vulkan in software, out of the npm package @sparticuz/chromium: no system
 * driver, no Vulkan loader, no root needed. Linux on x86-64 only, as the package is.
 */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { cachedFolder, chromiumPackage, unpackTarBrotli } from './archiveCache.node.js';

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

/** Why SwiftShader cannot be had here; null when it can. */
export function swiftshaderObstacle(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the embedded SwiftShader is for Linux on x64, this is ${process.platform} on ${process.arch}`;
  }
  const installed = chromiumPackage();
  if (!installed || !existsSync(join(installed.bin, 'swiftshader.tar.br'))) {
    return 'the npm package @sparticuz/chromium, which carries SwiftShader, is not installed';
  }
  return null;
}

/**
 * Unpacks SwiftShader once per version and loads its Vulkan loader into this process, where
 * Dawn's own dlopen('libvulkan.so.1') then finds it by name.
 * @returns the path of the driver's manifest, for VK_DRIVER_FILES
 * @throws AdapterError when no cache folder can be written
 */
export async function loadSwiftshader(): Promise<string> {
  const installed = chromiumPackage();
  if (!installed) throw new Error('asked for SwiftShader where swiftshaderObstacle() names an obstacle');
  const folder = await cachedFolder(`swiftshader-${installed.version}`, (target) =>
    unpackTarBrotli(join(installed.bin, 'swiftshader.tar.br'), target),
  );
  loadLibrary(join(folder, 'libvulkan.so.1'));
  return join(folder, 'vk_swiftshader_icd.json');
}
