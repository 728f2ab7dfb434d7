import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textTable } from '../../../src/cli/terminal/output.js';
import { visible, visibleJson } from '../../../src/cli/terminal/visibleText.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
/** Sets the title, clears the screen, turns the direction, and the same in one byte. */
const EVIL = 'a\u001b]0;title\u0007\u001b[2J\u202egnp\u009b31m.png';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

beforeAll(ensureBuilt);
afterAll(() => scratch.remove());

describe('what is printed', () => {
  it('shows control characters, and leaves lines, tabs and letters of all languages', () => {
    expect(visible(EVIL)).toBe('a\\x1b]0;title\\x07\\x1b[2J\\u202egnp\\x9b31m.png');
    expect(visible('one\r\n\ttwo: äöü 肺 ڕۆنتگێن 🫁')).toBe('one\\x0d\n\ttwo: äöü 肺 ڕۆنتگێن 🫁');
    expect(visible(visible(EVIL))).toBe(visible(EVIL));
  });

  it('is the same JSON, without a control character in it', () => {
    const value = { file: EVIL, note: 'two\nlines' };
    expect(JSON.parse(visibleJson(value))).toEqual(value);
    expect(visibleJson(value)).not.toMatch(CONTROL);
  });

  it('keeps the columns and lines of a table', () => {
    const table = textTable(
      ['file', 'n'],
      [
        [EVIL, 1],
        ['two\nlines', 22],
      ],
    );
    expect(table.split('\n')).toHaveLength(3);
    expect(new Set(table.split('\n').map((line) => line.length)).size).toBe(1);
    expect(table).not.toMatch(CONTROL);
  });

  for (const json of [false, true]) {
    it(`by commands holds no escape of a file's name${json ? ', with --json too' : ''}`, async () => {
      const data = scratch.path(`data-${json}`);
      mkdirSync(join(data, 'images'), { recursive: true });
      const name = EVIL.replaceAll('/', '');
      writeFileSync(join(data, 'images', name), 'no image');
      for (const split of ['train', 'valid', 'test']) {
        writeFileSync(join(data, `${split}.csv`), `Image,Mass,PatientId\n${name},1,1\n`);
      }
      const flags = json ? ['--json'] : [];
      for (const args of [
        ['check', '--data', data],
        ['check', '--data', EVIL],
        ['predict', '--weights', EVIL, EVIL],
        ['convert', EVIL, `${EVIL}.h5`],
        ['phantoms', '--out', 'x', `--${EVIL}`],
        [EVIL],
      ]) {
        const { stdout, stderr, code } = await chexgpu([...args, ...flags]);
        expect(code).not.toBe(1);
        expect(stdout).not.toMatch(CONTROL);
        expect(stderr).not.toMatch(CONTROL);
        expect(stdout + stderr).toMatch(/\\x1b|\\u001b/);
        if (json) JSON.parse(stdout);
      }
    });
  }
});
