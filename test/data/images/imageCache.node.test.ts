import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { cachedFile } from '../../../src/data/images/imageCache.node.js';
import { noisePng } from '../../support/files/imageFolder.js';

let folder = '';
let cache = '';
const before = process.env.CHEXGPU_CACHE;
const image = (name: string) => join(folder, name);
/** Until a file that was just written is taken for one that stays. */
const settled = () => setTimeout(80);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-imagecache-'));
  cache = join(folder, 'cache');
  process.env.CHEXGPU_CACHE = cache;
  await writeFile(image('gray.png'), noisePng(1, 300));
  await writeFile(image('rgb.png'), noisePng(2, 200, true));
  await writeFile(image('small.png'), noisePng(3, 40));
  await settled();
});
afterAll(async () => {
  if (before === undefined) delete process.env.CHEXGPU_CACHE;
  else process.env.CHEXGPU_CACHE = before;
  await rm(folder, { recursive: true });
});

/** What stands behind a PNG's end is not looked at. */
const padded = (png: Uint8Array) => Buffer.concat([png, Buffer.alloc(120_000 - png.length)]);
/** Seconds since 1970, which every file system holds. */
const TIME = 1_700_000_000;

const entries = async () =>
  (await readdir(cache, { recursive: true, withFileTypes: true }).catch(() => [])).filter((e) => e.isFile());
const open = (cacheLimit = 2 ** 24) => new DecodePool({ workers: 0, cacheLimit });

describe('the cache of resized images', () => {
  it('gives the pixels and facts that decoding gives, and counts how it was used', async () => {
    const plain = new DecodePool({ workers: 0 });
    for (const name of ['gray.png', 'rgb.png']) {
      const wanted = await plain.load(image(name), 64, 48, 'bilinear');
      const facts = await plain.inspect(image(name));
      for (const use of ['added', 'read'] as const) {
        const pool = open();
        expect(await pool.load(image(name), 64, 48, 'bilinear')).toEqual(wanted);
        expect(await pool.inspect(image(name))).toEqual(facts);
        expect(pool.cacheUses).toEqual({ read: 0, added: 0, [use]: 2 });
        expect(pool.facts.get(image(name))).toMatchObject(wanted.facts);
      }
    }
    expect(plain.cacheUses).toEqual({ read: 0, added: 0 });
  });

  it('tells sizes, filters and scalings apart', async () => {
    const pool = open();
    const first = await pool.load(image('gray.png'), 32, 32);
    const others = [
      await pool.load(image('gray.png'), 32, 30),
      await pool.load(image('gray.png'), 32, 32, 'bilinear'),
      await new DecodePool({ workers: 0, cacheLimit: 2 ** 24, scaling: 'range' }).load(
        image('gray.png'),
        32,
        32,
      ),
    ];
    expect(pool.cacheUses).toEqual({ read: 0, added: 3 });
    for (const other of others) expect(other).not.toEqual(first);
  });

  it('puts an image there when it is inspected before it is loaded', async () => {
    const size = { width: 50, height: 50, interpolation: 'nearest' } as const;
    const name = image('inspected.png');
    await writeFile(name, noisePng(7, 300));
    await settled();
    await open().inspect(name, size);
    const pool = open();
    expect(await pool.load(name, 50, 50)).toEqual(await new DecodePool({ workers: 0 }).load(name, 50, 50));
    expect(pool.cacheUses).toEqual({ read: 1, added: 0 });
  });

  it.each([
    ['written anew', async (file: string) => writeFile(file, noisePng(5, 300))],
    [
      'written anew at the same length and time',
      async (file: string) => {
        const { size } = await stat(file);
        await writeFile(file, padded(noisePng(6, 300)));
        await utimes(file, TIME, TIME);
        const now = await stat(file, { bigint: true });
        expect([Number(now.size), now.mtimeNs]).toEqual([size, BigInt(TIME) * 1_000_000_000n]);
      },
    ],
    [
      'replaced by another',
      async (file: string) => {
        await writeFile(`${file}.new`, noisePng(8, 300));
        await rename(`${file}.new`, file);
      },
    ],
  ])('decodes a file anew that was %s', async (_, change) => {
    const name = image('changing.png');
    await writeFile(name, padded(await readFile(image('gray.png'))));
    await utimes(name, TIME, TIME);
    await settled();
    const before = open();
    const first = await before.load(name, 40, 40);
    expect(before.cacheUses.added).toBe(1);
    await change(name);
    const pool = open();
    const second = await pool.load(name, 40, 40);
    expect(pool.cacheUses.read).toBe(0);
    expect(second).toEqual(await new DecodePool({ workers: 0 }).load(name, 40, 40));
    expect(second.data).not.toEqual(first.data);
  });

  it('does not keep what was decoded of a file that has changed since', async () => {
    const name = image('changed.png');
    await writeFile(name, noisePng(11, 300));
    await settled();
    const content = new Uint8Array(100);
    const before = await cachedFile(name, 2 ** 24);
    expect(await before?.put(['a'], content)).toBe(true);
    expect((await before?.get(['a']))?.length).toBe(100);
    await writeFile(name, noisePng(12, 300));
    expect(await before?.put(['b'], content)).toBe(false);
    await settled();
    const after = await cachedFile(name, 2 ** 24);
    expect([await after?.get(['a']), await after?.get(['b'])]).toEqual([null, null]);
  });

  it('does not keep a file of this very moment, which may be written again at the same time', async () => {
    const name = image('fresh.png');
    await writeFile(name, noisePng(10, 300));
    const { ctimeMs } = await stat(name);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(ctimeMs + 20);
    try {
      const pool = open();
      await pool.load(name, 40, 40);
      expect(pool.cacheUses).toEqual({ read: 0, added: 0 });
    } finally {
      clock.mockRestore();
    }
  });

  it('makes a damaged entry anew', async () => {
    const name = image('kept.png');
    await writeFile(name, noisePng(9, 300));
    await settled();
    const there = new Set((await entries()).map(({ name: entry }) => entry));
    const first = await open().load(name, 40, 40);
    const fresh = (await entries()).filter((entry) => !there.has(entry.name));
    expect(fresh).toHaveLength(1);
    const path = join(fresh[0].parentPath, fresh[0].name);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(path, bytes);
    for (const use of ['added', 'read']) {
      const pool = open();
      expect(await pool.load(name, 40, 40)).toEqual(first);
      expect(pool.cacheUses).toMatchObject({ [use]: 1 });
    }
  });

  it('keeps nothing of small files, of images that would grow, beyond its limit, or unasked', async () => {
    const there = (await entries()).length;
    for (const [pool, name, size] of [
      [open(), 'small.png', 8],
      [open(), 'gray.png', 500],
      [open(1000), 'gray.png', 70],
      [new DecodePool({ workers: 0 }), 'gray.png', 70],
    ] as const) {
      await pool.load(image(name), size, size);
      expect(pool.cacheUses).toEqual({ read: 0, added: 0 });
    }
    expect(await entries()).toHaveLength(there);
    expect(() => open(-1)).toThrow(UsageError);
    await expect(open().load(image('nowhere.png'), 8, 8)).rejects.toThrow(/nowhere\.png does not exist/);
  });
});
