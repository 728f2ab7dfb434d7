import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/programs/cli.js';

const FOLDER = fileURLToPath(new URL('../../../packages/swiftshader', import.meta.url));
const read = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

describe('the package chexgpu-swiftshader', () => {
  beforeAll(ensureBuilt);

  it('is made of the version of @sparticuz/chromium that it names', () => {
    const source = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
    expect(read(FOLDER).version).toBe(read(source).version);
    expect(readFileSync(join(FOLDER, 'bin', 'version'), 'utf8')).toBe(read(FOLDER).version);
  });

  it('holds the driver, its loader and its manifest, and nothing else', () => {
    const packed = readdirSync(join(FOLDER, 'bin')).filter((file) => file.endsWith('.br'));
    expect(packed.sort()).toEqual([
      'libvk_swiftshader.so.br',
      'libvulkan.so.1.br',
      'vk_swiftshader_icd.json.br',
    ]);
    const bytes = packed.map((file) => brotliDecompressSync(readFileSync(join(FOLDER, 'bin', file))));
    for (const library of bytes.slice(0, 2)) expect(library.toString('latin1', 1, 4)).toBe('ELF');
    expect(JSON.parse(bytes[2].toString()).ICD.library_path).toBe('./libvk_swiftshader.so');
  });

  it('forces nothing on who installs it, and takes any Node that chexgpu takes', () => {
    const { dependencies = {}, engines } = read(FOLDER);
    expect(dependencies).toEqual({});
    expect(engines).toEqual(read(join(FOLDER, '..', '..')).engines);
  });
});
