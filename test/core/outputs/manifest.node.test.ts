import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  isBelow,
  MANIFEST_FILE,
  manifestOf,
  readManifest,
  sha256Of,
  stateOf,
} from '../../../src/core/outputs/manifest.node.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-manifest-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** SHA-256 of no bytes at all. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('a path of the list', () => {
  it('stays below its folder', () => {
    const bad = ['', '.', '..', '../a', '/a', 'a/../b', 'a//b', './a', 'a\\b', 'c:a', 'a\0b', 7, null];
    expect(['a', 'a/b.png', 'a..b', '.a'].every(isBelow)).toBe(true);
    expect(bad.filter(isBelow)).toEqual([]);
  });
});

describe('the list', () => {
  it('reads back in order, and is none where it is not ours', async () => {
    const files = ['b', 'a'].map((path) => ({ path, bytes: 0, sha256: EMPTY }));
    const write = (text: string) => writeFileSync(join(folder, MANIFEST_FILE), text);
    expect(await readManifest(folder)).toBeNull();
    write(JSON.stringify(manifestOf(files)));
    expect((await readManifest(folder))?.files.map(({ path }) => path)).toEqual(['a', 'b']);
    for (const wrong of [{ path: '../a' }, { bytes: 0.5 }, { sha256: 'abc' }]) {
      write(JSON.stringify(manifestOf([{ ...files[0], ...wrong }])));
      expect(await readManifest(folder)).toBeNull();
    }
    write('{');
    expect(await readManifest(folder)).toBeNull();
  });

  it('knows which files are still as they were written', async () => {
    const written = { path: 'sub/file', bytes: 0, sha256: EMPTY };
    expect(await stateOf(folder, written)).toBe('gone');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'file'), '');
    expect(await sha256Of(join(folder, 'sub', 'file'))).toBe(EMPTY);
    expect(await stateOf(folder, written)).toBe('ours');
    expect(await stateOf(folder, { ...written, sha256: EMPTY.replace('e', 'f') })).toBe('changed');
    writeFileSync(join(folder, 'sub', 'file'), 'x');
    expect(await stateOf(folder, written)).toBe('changed');
  });
});
