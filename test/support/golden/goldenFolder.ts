/** The golden PNGs in a folder, as generators read them: call it once in a test file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { COUNT, type GoldenRun, goldenName, goldenPng } from './generatorGolden.js';

/** Names of the PNGs. */
export const NAMES: readonly string[] = Array.from({ length: COUNT }, (_, k) => goldenName(k));

/** Decodes on the test's own thread; closed after the last test. */
export function goldenFolder() {
  const pool = new DecodePool({ workers: 0 });
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'chexgpu-augmented-'));
    for (let k = 0; k < COUNT; k++) await writeFile(join(directory, goldenName(k)), goldenPng(k));
  });
  afterAll(async () => {
    await pool.close();
    await rm(directory, { recursive: true });
  });
  return {
    pool,
    /** Where the PNGs are, once the tests run. */
    path: () => directory,
    loadAll: (
      folder: string,
      names: readonly string[],
      { width, height, interpolation }: Partial<GoldenRun>,
    ) => Promise.all(names.map((name) => pool.load(join(folder, name), width!, height!, interpolation))),
  };
}
