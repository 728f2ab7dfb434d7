import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { decodeFile } from '../../../src/data/images/decode.node.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { resizeNearest } from '../../../src/data/images/resize.js';
import { noisePng } from '../../support/files/imageFolder.js';
import { GRAY, writePng } from '../../support/files/png.js';

const ROOT = join(import.meta.dirname, '../../..');
/** Inside the repository, so that the built scripts find the packages. */
const BUILT = join(ROOT, 'node_modules', '.cache', 'chexgpu-decode-pool');
const workerFile = join(BUILT, 'decodeWorker.mjs');
let folder = '';
const image = (i: number) => join(folder, `${i}.png`);

beforeAll(async () => {
  await mkdir(BUILT, { recursive: true });
  const common = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  } as const;
  const source = (name: string) => join(ROOT, 'src', 'data', 'images', name);
  await build({ ...common, entryPoints: [source('decodeWorker.node.ts')], outfile: workerFile });
  await build({ ...common, entryPoints: [source('decodePool.node.ts')], outfile: join(BUILT, 'pool.mjs') });
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-pool-'));
  for (let i = 0; i < 12; i++) await writeFile(image(i), noisePng(i + 1, 40 + i, i % 3 === 0));
  await writeFile(image(99), noisePng(99, 30).subarray(0, 200));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(BUILT, { recursive: true });
});

describe('DecodePool', () => {
  it.each([0, 1, 3])('gives what decoding in place gives, with %i workers', async (workers) => {
    const pool = new DecodePool({ workers, workerFile });
    const got = await Promise.all(Array.from({ length: 12 }, (_, i) => pool.load(image(i), 32, 24)));
    for (const [i, result] of got.entries()) {
      const wanted = resizeNearest((await decodeFile(image(i))).image, 32, 24);
      expect([result.width, result.height, result.channels]).toEqual([32, 24, i % 3 === 0 ? 3 : 1]);
      expect(Buffer.compare(result.data, wanted.data)).toBe(0);
    }
    expect(await pool.inspect(image(3))).toMatchObject({
      format: 'png',
      mode: 'rgb',
      width: 43,
      grayContent: false,
    });
    expect(await pool.inspect(image(4))).toMatchObject({
      mode: 'gray',
      bits: 8,
      grayContent: true,
      constant: false,
    });
    await pool.close();
  });

  it.each([0, 2])('passes on the error of one image and goes on, with %i workers', async (workers) => {
    const pool = new DecodePool({ workers, workerFile });
    const bad = pool.load(image(99), 32, 32);
    const good = pool.load(image(1), 32, 32);
    const error = await bad.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(
      /99\.png is damaged, cut short or no image .*Fetch or copy it again\.$/,
    );
    expect((error as DataError).hint).toBe('Fetch or copy it again.');
    expect((await good).data).toHaveLength(1024);
    await expect(pool.load(image(77), 32, 32)).rejects.toThrow(/77\.png does not exist/);
    await pool.close();
  });

  it.each([
    ['ends', 'process.exit(3)', /exit code 3/],
    ['throws', 'throw new Error("out of luck")', /out of luck/],
  ])('rejects every job when the worker %s', async (_, body, reason) => {
    const file = join(BUILT, 'dies.mjs');
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${body} });`,
    );
    const pool = new DecodePool({ workers: 1, workerFile: file });
    const jobs = [1, 2, 3].map((i) => pool.load(image(i), 32, 32));
    const results = await Promise.allSettled(jobs);
    for (const [i, result] of results.entries()) {
      expect(result.status).toBe('rejected');
      const error = (result as PromiseRejectedResult).reason as Error;
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(reason);
      expect(error.message).toContain(image(i + 1));
    }
    await expect(pool.load(image(1), 32, 32)).rejects.toThrow(/the decode worker died/);
    await pool.close();
  });

  it('rejects what is under way when it is closed, and everything after', async () => {
    const pool = new DecodePool({ workers: 1, workerFile });
    const jobs = Promise.allSettled([1, 2, 3, 4].map((i) => pool.load(image(i), 32, 32)));
    await pool.close();
    expect((await jobs).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(pool.load(image(1), 32, 32)).rejects.toThrow(UsageError);
  });

  it.each([
    ['ends', 'process.exit(3);', /exit code 3/],
    ['runs out of memory', 'const all = []; for (;;) all.push(new Array(1e6).fill(id));', /memory/],
  ])('names the image on which a worker %s, and replaces the worker', async (_, body, reason) => {
    const file = join(BUILT, 'once.mjs');
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ id, job }) => {
         if (job.file.endsWith('bad.png')) { ${body} return; }
         const result = { width: 1, height: 1, channels: 1, data: new Uint8Array(1), facts: {} };
         parentPort.postMessage({ id, result });
       });`,
    );
    const pool = new DecodePool({ workers: 1, workerFile: file });
    const results = await Promise.allSettled(
      ['a.png', 'bad.png', 'b.png', 'c.png'].map((name) => pool.load(name, 1, 1)),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    const { reason: error } = results[1] as PromiseRejectedResult;
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).toContain('bad.png');
    await pool.close();
  });

  it('answers close although a reply comes in while it ends the threads', async () => {
    const file = join(BUILT, 'slow.mjs');
    // Replies at once and goes on working, so that the reply is there and the thread is not ended yet.
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ id }) => {
         parentPort.postMessage({ id, failure: { message: 'unreadable', hint: '' } });
         const until = Date.now() + 300;
         while (Date.now() < until);
       });`,
    );
    const script = `
      import { DecodePool } from ${JSON.stringify(join(BUILT, 'pool.mjs'))};
      const pool = new DecodePool({ workers: 1, workerFile: ${JSON.stringify(file)} });
      await pool.load('a.png', 8, 8).catch(() => {});
      const second = pool.load('b.png', 8, 8).catch((error) => error.message);
      const until = Date.now() + 450;
      while (Date.now() < until);
      await pool.close();
      console.log(await second);`;
    for (let round = 0; round < 4; round++) {
      const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect([run.status, run.stderr]).toEqual([0, '']);
      expect(run.stdout).toMatch(/The decode pool was closed|unreadable/);
    }
  });

  it('keeps what it learned of the images, and refuses clipping where the weights forbid it', async () => {
    const samples = Array.from({ length: 64 }, (_, i) => i * 1000);
    await writeFile(image(50), writePng({ width: 8, height: 8, bitDepth: 16, colorType: GRAY, samples }));
    const pool = new DecodePool({ workers: 1, workerFile });
    const loaded = await pool.load(image(50), 4, 4);
    expect(loaded.facts).toMatchObject({
      bits: 16,
      mode: 'gray',
      clipped: 63 / 64,
      max: 255,
      scaling: 'keras',
    });
    expect([...pool.facts.keys()]).toEqual([image(50)]);
    await pool.close();
    const strict = new DecodePool({ workers: 0, refuseClipped: 'Use another scaling.' });
    await expect(strict.load(image(50), 4, 4)).rejects.toThrow(
      /50\.png is 16-bit gray.*Use another scaling\./,
    );
    expect((await strict.load(image(1), 4, 4)).facts.clipped).toBe(0);
    const deep = new DecodePool({ workers: 0, scaling: 'depth', refuseClipped: 'Use another scaling.' });
    expect((await deep.load(image(50), 8, 8)).data[63]).toBe(63000 >> 8);
    expect(() => new DecodePool({ workers: 0, scaling: 'loud' as 'keras' })).toThrow(UsageError);
  });

  it('refuses senseless numbers of workers', () => {
    expect(() => new DecodePool({ workers: -1 })).toThrow(UsageError);
    expect(() => new DecodePool({ workers: 1.5 })).toThrow(/decode workers/);
  });

  it('lets the process end by itself after its work, without close', () => {
    const script = `
      import { DecodePool } from ${JSON.stringify(join(BUILT, 'pool.mjs'))};
      const pool = new DecodePool({ workers: 2, workerFile: ${JSON.stringify(workerFile)} });
      const file = (i) => ${JSON.stringify(`${folder}/`)} + i + '.png';
      const images = await Promise.all([1, 2, 3].map((i) => pool.load(file(i), 16, 16)));
      console.log(images.map(({ data }) => data.length).join());`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(run.stderr).toBe('');
    expect(run.stdout.trim()).toBe('256,256,768');
    expect([run.status, run.signal]).toEqual([0, null]);
  });
});
