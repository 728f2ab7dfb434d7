import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJson } from '../../../src/cli/bench/result.js';
import { readShader } from '../../../src/cli/lab/judgeShader.js';
import { DataError } from '../../../src/core/errors.js';
import { requireFolder } from '../../../src/workflow/data/dataset.node.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-unreadable-'));
/** Root may read all. */
const isRoot = process.getuid?.() === 0;

const readers: Record<string, (path: string) => Promise<unknown>> = {
  requireFolder: (path) => requireFolder(path, 'data folder', 'Give another.'),
  readShader,
  readJson,
};

beforeAll(() => {
  mkdirSync(join(folder, 'closed'));
  writeFileSync(join(folder, 'closed', 'file'), '{}');
  symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
  chmodSync(join(folder, 'closed'), 0);
});
afterAll(() => {
  chmodSync(join(folder, 'closed'), 0o700);
  rmSync(folder, { recursive: true });
});

async function problem(read: (path: string) => Promise<unknown>, name: string): Promise<string> {
  const error = await read(join(folder, name)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DataError);
  return (error as Error).message;
}

describe.runIf(process.platform !== 'win32')('what is there but cannot be read', () => {
  for (const [name, read] of Object.entries(readers)) {
    it(`${name} does not say that it is missing`, async () => {
      expect(await problem(read, 'loop')).toMatch(/loop is a link that leads back to itself\./);
      expect(await problem(read, 'x'.repeat(300))).toMatch(/could not be read \(ENAMETOOLONG\)/);
      expect(await problem(read, 'nothing')).toMatch(/nothing does not exist\./);
      expect(await problem(read, 'loop/nothing')).not.toMatch(/does not exist/);
    });

    it.runIf(!isRoot)(`${name} says that this user may not`, async () => {
      expect(await problem(read, 'closed/file')).toMatch(/may not be read by this user\./);
    });
  }
});
