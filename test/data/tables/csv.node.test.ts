import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { readNihTable, readTextFile } from '../../../src/data/tables/csv.node.js';

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-cells-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const file = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const TEXT = 'Image,Größe\na.png,1\n';

  it('are told by their first bytes, not by their names', async () => {
    expect(await readTextFile(await file('packed.csv', gzipSync(TEXT)))).toBe(TEXT);
    expect(await readTextFile(await file('plain.csv.gz', TEXT))).toBe(TEXT);
    const members = Buffer.concat([gzipSync(TEXT), gzipSync('b.png,2\n')]);
    expect(await readTextFile(await file('two.csv.gz', members))).toBe(`${TEXT}b.png,2\n`);
    const padded = Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)]);
    expect(await readTextFile(await file('padded.csv.gz', padded))).toBe(TEXT);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'utf16.csv',
      Buffer.from(`\uFEFF${TEXT}`, 'utf16le'),
      /utf16\.csv is UTF-16 text.*Save it as a CSV in UTF-8/,
    ],
    ['utf16be.csv', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16(), /is UTF-16 text/],
    ['utf16-no-mark.csv', Buffer.from(TEXT, 'utf16le'), /is UTF-16 text/],
    ['latin1.csv', Buffer.from(TEXT, 'latin1'), /byte 0xf6 in line 1.*Latin-1/],
    ['table.csv', Buffer.from('PK\x03\x04....'), /ZIP archive or a workbook/],
    ['zeros.csv', Buffer.alloc(100), /zeros\.csv is .*not a CSV/],
    ['cut.csv.gz', gzipSync(TEXT.repeat(50)).subarray(0, 40), /is not readable gzip/],
    ['bomb.csv.gz', gzipSync(Buffer.alloc(20 * 2 ** 20, 44)), /unpacks to more than/],
  ])('%s is refused by name', async (name, content, message) => {
    const path = await file(name, content);
    await expect(readTextFile(path)).rejects.toThrow(DataError);
    await expect(readTextFile(path)).rejects.toThrow(message);
    await expect(readNihTable(path)).rejects.toThrow(message);
  });

  it('without an end are no files', async () => {
    await expect(readTextFile('/dev/zero')).rejects.toThrow(/no regular file/);
  });
});
