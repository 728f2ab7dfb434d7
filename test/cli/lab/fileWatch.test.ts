import { rename, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { FileWatch } from '../../../src/cli/lab/fileWatch.js';
import { scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
afterAll(() => scratch.remove());

describe('the watch of a file', () => {
  it('sees a save by rename and one in place, and nothing that leaves the file as it is', async () => {
    const path = scratch.path('seen.txt');
    await writeFile(path, 'one');
    const watch = new FileWatch(path);
    const saved = (signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    try {
      const first = watch.nextSave();
      await writeFile(scratch.path('other.txt'), 'another');
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect(first.aborted).toBe(false);
      await writeFile(path, 'two!');
      await saved(first);
      const second = watch.nextSave();
      await writeFile(scratch.path('new.txt'), 'three');
      await rename(scratch.path('new.txt'), path);
      await saved(second);
    } finally {
      watch.close();
    }
  });
});
