/** Files that would never end: pipes, devices, links in circles. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFile } from '../../../src/data/images/decode.node.js';
import { GRAY, writePng } from '../../support/files/png.js';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-odd-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe.runIf(process.platform !== 'win32')('files without an end', () => {
  it('refuses a FIFO, a link to an endless device, a link to itself and a folder', async () => {
    const path = (name: string) => join(folder, name);
    execFileSync('mkfifo', [path('fifo.png')]);
    await symlink('/dev/zero', path('zero.png'));
    await symlink(path('loop.png'), path('loop.png'));
    await symlink(folder, path('folder.png'));
    await expect(decodeFile(path('fifo.png'))).rejects.toThrow(/fifo\.png is no regular file/);
    await expect(decodeFile(path('zero.png'))).rejects.toThrow(/zero\.png is no regular file/);
    await expect(decodeFile(path('loop.png'))).rejects.toThrow(/loop\.png is a link that leads back/);
    await expect(decodeFile(path('folder.png'))).rejects.toThrow(/folder\.png is a folder/);
  });

  it('follows a link to an image', async () => {
    const png = writePng({ width: 1, height: 1, bitDepth: 8, colorType: GRAY, samples: [7] });
    await writeFile(join(folder, 'real.png'), png);
    await symlink(join(folder, 'real.png'), join(folder, 'link.png'));
    expect([...(await decodeFile(join(folder, 'link.png'))).image.data]).toEqual([7]);
  });
});
