import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { checkAdding } from '../../../src/core/outputs/addFiles.node.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { checkFile, textKind, writeChecked } from '../../../src/core/outputs/singleFile.node.js';

let root = '';
const at = (...parts: string[]) => join(root, ...parts);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chexgpu-files-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a single file', () => {
  const kind = textKind('table', /^Image,/);
  it('gives way with --overwrite, and only to its own kind', async () => {
    writeFileSync(at('t.csv'), 'Image,a\n');
    writeFileSync(at('x.png'), 'PNG');
    await expect(checkFile(at('t.csv'), { kind })).rejects.toThrow(/exists.*`overwrite: true`/);
    await checkFile(at('t.csv'), { kind, overwrite: true });
    await expect(checkFile(at('x.png'), { kind, overwrite: true })).rejects.toThrow(/x\.png is no table/);
    await expect(checkFile(root, { kind, overwrite: true })).rejects.toThrow(/is a folder/);
  });

  it('that turned up during the computing stays', async () => {
    await checkFile(at('p.csv'), { kind: textKind('table', /a/) });
    const written = await Promise.all(
      ['one', 'two', 'three'].map((content) => writeChecked(at('p.csv'), content, false)),
    );
    expect(written.map((file) => basename(file)).sort()).toEqual(['p-2.csv', 'p-3.csv', 'p.csv']);
    expect(written.map((file) => readFileSync(file, 'utf8')).sort()).toEqual(['one', 'three', 'two']);
    await writeChecked(at('p.csv'), 'four', true);
    expect(readFileSync(at('p.csv'), 'utf8')).toBe('four');
    await expect(writeChecked(at('p.csv/x.csv'), 'five', false)).rejects.toThrow(DataError);
  });

  it('is refused at once where nothing can be written', async () => {
    writeFileSync(at('file'), 'x');
    await expect(checkFile(at('file/x.csv'), { kind })).rejects.toThrow(DataError);
    await expect(OutputFolder.open(at('file/x'))).rejects.toThrow(DataError);
    for (const odd of ['/proc/x', '/proc/1/x/y', '/dev/null']) {
      if (!existsSync(dirname(odd))) continue;
      await expect(checkFile(odd, { kind, overwrite: true }), odd).rejects.toThrow(DataError);
    }
    if (existsSync('/proc/self')) {
      await expect(OutputFolder.open('/proc/x/y')).rejects.toThrow(/could not be written/);
      await expect(checkAdding('/proc/x/y')).rejects.toThrow(/could not be written/);
    }
  });
});
