import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/core/errors.js';
import { probeFolder, writeError, writeWhole } from '../../src/core/writeFile.node.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-write-'));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

describe('writeWhole', () => {
  it('makes the folders, and replaces what is there', async () => {
    await writeWhole(at('a', 'b', 'c.txt'), 'one');
    await writeWhole(at('a', 'b', 'c.txt'), Uint8Array.of(116, 119, 111));
    expect(readFileSync(at('a', 'b', 'c.txt'), 'utf8')).toBe('two');
    expect(readdirSync(at('a', 'b'))).toEqual(['c.txt']);
  });

  it('keeps what is there where it is told to', async () => {
    await writeWhole(at('kept.txt'), 'mine', { isNew: true });
    await expect(writeWhole(at('kept.txt'), 'other', { isNew: true })).rejects.toThrow(DataError);
    expect(readFileSync(at('kept.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('writes what a link leads to', async () => {
    await writeWhole(at('real.txt'), 'old');
    symlinkSync(at('real.txt'), at('link.txt'));
    await writeWhole(at('link.txt'), 'new');
    expect(lstatSync(at('link.txt')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('real.txt'), 'utf8')).toBe('new');
  });

  it('refuses a folder, and a path through a file', async () => {
    mkdirSync(at('folder'));
    await expect(writeWhole(at('folder'), '')).rejects.toThrow(/folder is a folder, not a file\./);
    await writeWhole(at('file'), '');
    await expect(writeWhole(at('file', 'below'), '')).rejects.toThrow(/a part of its path is a file/);
  });
});

describe('before anything is written', () => {
  it('the nearest folder that is there is tried, and left as it was', async () => {
    const before = readdirSync(folder);
    await probeFolder('new/deep', at('new', 'deep'));
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('why a file could not be written', () => {
  it.each([
    ['ENOSPC', /^a\.txt could not be written: the disk is full\. Make room/],
    ['EACCES', /may not write there/],
    ['EROFS', /read-only/],
    ['ENAMETOOLONG', /name is too long/],
    ['EIO', /broken \(EIO\)\. Check the folder/],
  ])('%s', (code, message) => {
    const error = writeError('a.txt', Object.assign(new Error('broken'), { code }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  it('is said once', () => {
    const error = new DataError('said');
    expect(writeError('a.txt', error)).toBe(error);
  });
});
