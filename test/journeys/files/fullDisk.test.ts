/** The disk says that it is full at each moment of a writing in turn. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { addFiles, checkAdding } from '../../../src/core/outputs/addFiles.node.js';
import { healFolder } from '../../../src/core/outputs/claim.node.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { checkFile, textKind } from '../../../src/core/outputs/singleFile.node.js';
import { writeWhole } from '../../../src/core/writeFile.node.js';
import { writePhantoms } from '../../../src/data/phantoms/writePhantoms.node.js';

/** Calls that take room and still succeed. */
const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, refused: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const take = (path: unknown) => {
    if (disk.left-- > 0) return;
    disk.refused++;
    throw Object.assign(new Error(`ENOSPC: no space left on device, open '${path}'`), { code: 'ENOSPC' });
  };
  return {
    ...fs,
    writeFile: async (...args: Parameters<typeof fs.writeFile>) => {
      take(args[0]);
      return fs.writeFile(...args);
    },
    mkdir: async (...args: Parameters<typeof fs.mkdir>) => {
      take(args[0]);
      return fs.mkdir(...args);
    },
    open: async (...args: Parameters<typeof fs.open>) => {
      const handle = await fs.open(...args);
      if (args[1] !== 'wx') return handle;
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (...data: Parameters<typeof write>) => {
        take(args[0]);
        return write(...data);
      };
      return handle;
    },
  };
});

let root = '';
beforeEach(() => {
  disk.left = Number.POSITIVE_INFINITY;
  root = mkdtempSync(join(tmpdir(), 'chexgpu-full-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** All files below, hidden ones too. */
function names(folder = root): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

/** Runs `work` with room for 0, 1, 2, ... calls until it succeeds; `check` looks at what each failure left. */
async function withLessRoom(
  work: () => Promise<unknown>,
  check: (room: number) => Promise<void>,
): Promise<void> {
  for (let room = 0; ; room++) {
    disk.left = room;
    disk.refused = 0;
    const error = await work().then(
      () => null,
      (cause: unknown) => cause,
    );
    disk.left = Number.POSITIVE_INFINITY;
    if (disk.refused === 0) {
      expect(error).toBeNull();
      expect(room).toBeGreaterThan(0);
      return;
    }
    expect(error, `room for ${room}`).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(/the disk is full\. Make room/);
    await check(room);
  }
}

describe('a full disk', () => {
  it('leaves the file of before', async () => {
    const file = join(root, 'deep', 'x.csv');
    await withLessRoom(
      () => writeWhole(file, 'x'),
      async () =>
        expect(names().filter((name) => name.includes('x.csv') || name.endsWith('.tmp'))).toEqual([]),
    );
    await withLessRoom(
      () => writeWhole(file, 'new'),
      async () => expect([names(), readFileSync(file, 'utf8')]).toEqual([['deep', 'deep/x.csv'], 'x']),
    );
  });

  it('leaves the folder of before, or the new one with the next start', async () => {
    const target = join(root, 'r');
    const write = async (text: string, overwrite: boolean) => {
      const folder = await OutputFolder.open(target, { overwrite });
      try {
        for (const name of ['a', 'b']) await writeWhole(join(folder.staged, name), text);
        await folder.publish();
      } finally {
        await folder.close();
      }
    };
    await withLessRoom(
      () => write('old', false),
      async () => {
        await healFolder(target);
        expect(names()).toEqual([]);
      },
    );
    const seen = new Set<string>();
    await withLessRoom(
      () => write('new', true),
      async () => {
        const texts = ['a', 'b'].map((name) => readFileSync(join(target, name), 'utf8'));
        expect(texts[0]).toBe(texts[1]);
        seen.add(texts[0]);
        expect(names()).toEqual(['r', 'r/.chexgpu.json', 'r/a', 'r/b']);
        if (texts[0] === 'new') await write('old', true);
      },
    );
    expect(seen.has('old')).toBe(true);
  });

  it('adds all pictures or none', async () => {
    await writeFile(join(root, 'mine.png'), 'mine');
    const pictures = ['a', 'b'].map((name) => ({ name, ending: '.png', content: name }));
    await withLessRoom(
      () => addFiles(root, pictures),
      async () => expect(names()).toEqual(['mine.png']),
    );
    expect(names()).toEqual(['.chexgpu.json', 'a.png', 'b.png', 'mine.png']);
  });

  it('draws no phantoms, and is no bug', async () => {
    const out = join(root, 'p');
    await withLessRoom(
      () => writePhantoms({ out, images: 3, size: 64, seed: 1 }),
      async () => expect(names()).toEqual([]),
    );
    expect(names(out)).toContain('phantoms.json');
  });

  it('is found before the computing', async () => {
    const kind = textKind('table', /x/);
    const empty = async () => expect(names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    disk.left = 0;
    await expect(checkFile(join(root, 'x.csv'), { kind })).rejects.toThrow(/disk is full/);
    await expect(checkAdding(join(root, 'g'))).rejects.toThrow(/disk is full/);
    await empty();
  });
});
