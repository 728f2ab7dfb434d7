import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskCache } from '../../../src/core/outputs/diskCache.node.js';

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

/** Bytes that the disk has left; null for what the real one has. */
const disk = vi.hoisted(() => ({ left: null as number | null }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    statfs: async (path: string) =>
      disk.left === null ? real.statfs(path) : { bavail: disk.left, bsize: 1 },
    writeFile: async (path: string, content: Uint8Array) => {
      if (disk.left === null) return real.writeFile(path, content);
      const fits = Math.min(disk.left, content.length);
      disk.left -= fits;
      await real.writeFile(path, content.subarray(0, fits));
      if (fits < content.length) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
  };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-diskcache-'));
});
afterEach(async () => {
  disk.left = null;
  await rm(folder, { recursive: true });
});

async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}
const BLOCK = 4096;
/** Blocks of the disk that the entries take. */
const kept = async () => {
  const sizes = await Promise.all((await files()).map(async (f) => (await stat(f)).size));
  return sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK), 0);
};

describe('DiskCache', () => {
  it('gives what was kept under a key, in this process and the next, and null for another', async () => {
    const cache = new DiskCache(folder, { limit: 2 ** 20 });
    await cache.put('a', bytes(100, 1));
    await cache.put('b', bytes(0, 0));
    await cache.put('a', bytes(50, 2));
    for (const reader of [cache, new DiskCache(folder, { limit: 2 ** 20 })]) {
      expect(await reader.get('a')).toEqual(Buffer.from(bytes(50, 2)));
      expect(await reader.get('b')).toHaveLength(0);
      expect(await reader.get('c')).toBeNull();
    }
  });

  it.each([
    ['cut short', (file: string) => truncate(file, 60)],
    ['emptied', (file: string) => truncate(file, 0)],
    [
      'changed in a byte',
      async (file: string) => {
        const all = await readFile(file);
        all[90] ^= 1;
        await writeFile(file, all);
      },
    ],
  ])('does not take an entry that was %s, and keeps it anew', async (_, damage) => {
    const cache = new DiskCache(folder, { limit: 2 ** 20 });
    await cache.put('a', bytes(100, 1));
    await damage((await files())[0]);
    expect(await cache.get('a')).toBeNull();
    await cache.put('a', bytes(100, 3));
    expect(await cache.get('a')).toEqual(Buffer.from(bytes(100, 3)));
  });

  it('does not take the entry of one key for another', async () => {
    const cache = new DiskCache(folder, { limit: 2 ** 20, parts: 1 });
    await cache.put('a', bytes(100, 1));
    const [first] = await files();
    await cache.put('b', bytes(100, 2));
    const second = (await files()).find((file) => file !== first) as string;
    await writeFile(second, await readFile(first));
    expect(await cache.get('b')).toBeNull();
  });

  it('stays within its limit, and lets go of what was used longest ago, and of some more', async () => {
    const options = { limit: 16 * BLOCK, parts: 1 };
    const cache = new DiskCache(folder, options);
    const old = Date.now() / 1000 - 86400;
    for (let i = 0; i < 16; i++) {
      const before = await files();
      expect(await cache.put(`${i}`, bytes(100, i))).toBe(true);
      const fresh = (await files()).find((file) => !before.includes(file)) as string;
      await utimes(fresh, old + i, old + i);
    }
    // Reading is a use.
    expect(await cache.get('0')).not.toBeNull();
    for (let i = 16; i < 19; i++) {
      await new DiskCache(folder, options).put(`${i}`, bytes(100, i));
      expect(await kept()).toBeLessThanOrEqual(16);
    }
    const there = await Promise.all(
      Array.from({ length: 19 }, async (_, i) => (await cache.get(`${i}`)) !== null),
    );
    expect(there).toEqual([true, ...Array(4).fill(false), ...Array(14).fill(true)]);
  });

  it('counts what files take of the disk, not their bytes', async () => {
    const cache = new DiskCache(folder, { limit: 8 * BLOCK, parts: 1 });
    for (let i = 0; i < 12; i++) await cache.put(`${i}`, bytes(BLOCK, i));
    expect(await kept()).toBeLessThanOrEqual(8);
  });

  it('serves several at once, who may damage nothing of each other', async () => {
    const options = { limit: 64 * BLOCK, parts: 4 };
    const keys = Array.from({ length: 100 }, (_, i) => `${i}`);
    const content = (key: string) => bytes(3000 + Number(key), Number(key));
    const oneOfThem = async () => {
      const cache = new DiskCache(folder, options);
      for (const key of keys) {
        const found = await cache.get(key);
        if (found) expect(Buffer.compare(found, content(key))).toBe(0);
        else await cache.put(key, content(key));
      }
    };
    await Promise.all(Array.from({ length: 6 }, oneOfThem));
    const last = new DiskCache(folder, options);
    for (const key of keys) await last.put(key, content(key));
    expect(await kept()).toBeLessThanOrEqual(64);
    expect(await kept()).toBeGreaterThan(32);
    expect((await files()).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  it('leaves the disk what it was told to, however many parts are written to', async () => {
    disk.left = 2 ** 24;
    const cache = new DiskCache(folder, { limit: 2 ** 34, spare: 2 ** 23 });
    let added = 0;
    for (let i = 0; i < 64; i++) added += (await cache.put(`${i}`, bytes(2 ** 18 - 32, i))) ? 1 : 0;
    expect(added).toBe(32);
    expect(disk.left).toBe(2 ** 23);
  });

  it('keeps nothing on a disk that turns out to be full, and leaves no half-written file', async () => {
    const cache = new DiskCache(folder, { limit: 2 ** 20, parts: 1 });
    await cache.put('a', bytes(10, 1));
    disk.left = 100;
    expect(await cache.put('b', bytes(1000, 1))).toBe(false);
    expect([await cache.get('a'), await cache.get('b')]).toEqual([Buffer.from(bytes(10, 1)), null]);
    expect(await files()).toHaveLength(1);
  });

  it('keeps nothing that is larger than its share, or that would fill the disk', async () => {
    const small = new DiskCache(folder, { limit: 1000, parts: 1 });
    await small.put('a', bytes(1000, 1));
    const full = new DiskCache(folder, { limit: 2 ** 20, spare: 2 ** 60 });
    await full.put('a', bytes(10, 1));
    expect([await small.get('a'), await full.get('a'), await files()]).toEqual([null, null, []]);
  });

  it('is silent where nothing can be read or written, and leaves no half-written file', async () => {
    const cache = new DiskCache(join(folder, 'file', 'x'), { limit: 2 ** 20 });
    await writeFile(join(folder, 'file'), '');
    await cache.put('a', bytes(10, 1));
    expect(await cache.get('a')).toBeNull();
    expect(await files()).toHaveLength(1);
  });

  it('clears what a killed process left, once it is an hour old', async () => {
    const cache = new DiskCache(folder, { limit: 2 ** 20, parts: 1 });
    await cache.put('a', bytes(10, 1));
    const [entry] = await files();
    const [left, fresh] = [`${entry}-left.tmp`, `${entry}-fresh.tmp`];
    for (const file of [left, fresh]) await writeFile(file, 'half');
    await utimes(left, 1, 1);
    await new DiskCache(folder, { limit: 2 ** 20, parts: 1 }).put('b', bytes(10, 2));
    expect((await files()).filter((file) => file.endsWith('.tmp'))).toEqual([fresh]);
  });
});
