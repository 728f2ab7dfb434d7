import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskCache } from '../../../src/core/outputs/diskCache.node.js';

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-diskcache-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}
const kept = async () =>
  (await Promise.all((await files()).map(async (f) => (await stat(f)).size))).reduce((a, b) => a + b, 0);

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

  it('stays within its limit, and lets go of what was used longest ago', async () => {
    const cache = new DiskCache(folder, { limit: 10 * 132, parts: 1 });
    const ages = new Map<string, string>();
    for (let i = 0; i < 10; i++) {
      const before = await files();
      await cache.put(`${i}`, bytes(100, i));
      ages.set(`${i}`, (await files()).find((file) => !before.includes(file)) as string);
    }
    const old = Date.now() / 1000 - 86400;
    for (let i = 0; i < 10; i++) await utimes(ages.get(`${i}`) as string, old + i, old + i);
    // Reading is a use.
    expect(await cache.get('0')).not.toBeNull();
    for (let i = 10; i < 13; i++)
      await new DiskCache(folder, { limit: 10 * 132, parts: 1 }).put(`${i}`, bytes(100, i));
    expect(await kept()).toBeLessThanOrEqual(10 * 132);
    const there = await Promise.all(
      Array.from({ length: 13 }, async (_, i) => (await cache.get(`${i}`)) !== null),
    );
    expect(there).toEqual([true, false, false, false, ...Array(9).fill(true)]);
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
