import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError, WeightsError } from '../../src/core/errors.js';
import { readRegularFile } from '../../src/core/readFile.node.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

describe('readRegularFile', () => {
  it('gives the bytes, also behind a link, up to the limit', async () => {
    writeFileSync(path('a'), Buffer.from([1, 2, 3]));
    symlinkSync(path('a'), path('link'));
    expect([...(await readRegularFile(path('a'), { limit: 3 }))]).toEqual([1, 2, 3]);
    expect([...(await readRegularFile(path('link'), { limit: 3 }))]).toEqual([1, 2, 3]);
    await expect(readRegularFile(path('a'), { limit: 2 })).rejects.toThrow(
      /a has 3 bytes; at most 2 are read/,
    );
  });

  it('says at once what is no regular file', async () => {
    mkdirSync(path('folder'));
    execFileSync('mkfifo', [path('fifo')]);
    symlinkSync('/dev/zero', path('endless'));
    symlinkSync('round', path('round'));
    const problem = (name: string) => readRegularFile(path(name), { limit: 10 }).then(String, String);
    expect(await problem('folder')).toMatch(/folder is a folder, not a file/);
    expect(await problem('fifo')).toMatch(/fifo is no regular file/);
    expect(await problem('endless')).toMatch(/endless is no regular file/);
    expect(await problem('round')).toMatch(/round is a link that leads back to itself/);
    expect(await problem('nothing')).toMatch(/nothing does not exist\. Check the path\./);
  });

  it('throws the class and the hint that the caller names', async () => {
    const reading = readRegularFile(path('nothing'), { limit: 1, error: WeightsError, hint: 'Look there.' });
    await expect(reading).rejects.toBeInstanceOf(WeightsError);
    await expect(reading).rejects.toThrow(/Look there/);
    await expect(readRegularFile(path('nothing'), { limit: 1 })).rejects.toBeInstanceOf(DataError);
  });
});
