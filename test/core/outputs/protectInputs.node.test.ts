import { existsSync, linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { checkFile, textKind } from '../../../src/core/outputs/singleFile.node.js';
import { at, put } from './scratchResults.js';

describe('what a command reads', () => {
  it('is never written to, held or joined, by whatever path', async () => {
    put('p/data/images/a.png', 'pixels');
    put('p/data/train.csv', 'rows');
    mkdirSync(at('p/data/empty'));
    symlinkSync(at('p/data'), at('link'));
    linkSync(at('p/data/train.csv'), at('hard.csv'));
    const inputs = { paths: [at('p/data'), at('p/data/train.csv')], imageFolders: [at('p/data/images')] };
    for (const target of [
      'p/data',
      'p',
      '.',
      'link',
      'link/../p/data/',
      'p/data/images',
      'p/data/images/new',
    ]) {
      await expect(OutputFolder.open(at(target), { inputs, overwrite: true }), target).rejects.toThrow(
        UsageError,
      );
    }
    const kind = textKind('text', /rows|pixels/);
    const file = (path: string) => checkFile(path, { inputs, overwrite: true, kind });
    for (const path of ['p/data/train.csv', 'hard.csv', 'link/train.csv', 'p/data/images/a.png']) {
      await expect(file(at(path)), path).rejects.toThrow(/this command reads/);
    }
    await file(at('p/data/predictions.csv'));
    const folder = await OutputFolder.open(at('p/data/run'), { inputs });
    await folder.close();
    expect(existsSync(at('p/data/empty'))).toBe(true);
  });
});
