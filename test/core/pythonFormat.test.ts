/** Numbers and format strings against Python's own. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { pythonFloat, pythonFormat } from '../../src/core/pythonFormat.js';
import { golden } from '../support/golden/parity.js';
import { refused } from '../support/refused.js';

const file = golden<{
  values: string[];
  float: [spec: string, texts: string[]][];
  ints: number[];
  int: [spec: string, texts: string[]][];
}>('training/formats.json');

const NUMBERS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};
const floats = file.values.map((text) => NUMBERS[text] ?? Number(text));
const none = new Set<string>();

describe('pythonFormat', () => {
  it.each(file.float)('writes floats as {x:%s} does', (spec, texts) => {
    const { format } = pythonFormat('file', `<{x${spec && `:${spec}`}}>`);
    expect(floats.map((x) => format({ x }, none))).toEqual(texts.map((text) => `<${text}>`));
  });

  it.each(file.int)('writes whole numbers as {n:%s} does', (spec, texts) => {
    const { format } = pythonFormat('file', `{n${spec && `:${spec}`}}`);
    expect(file.ints.map((n) => format({ n }, new Set(['n'])))).toEqual(texts);
  });

  it('puts values into a text, and knows their names', () => {
    const pattern = pythonFormat(
      'file',
      'w-{epoch:02d}-{val_loss:.3f}-{val_auc_No Finding:.2f}{{x}}-{epoch}.h5',
    );
    expect(pattern.names).toEqual(['epoch', 'val_loss', 'val_auc_No Finding']);
    const values = { epoch: 3, val_loss: 0.6929, 'val_auc_No Finding': 0.875 };
    expect(pattern.format(values, new Set(['epoch']))).toBe('w-03-0.693-0.88{x}-3.h5');
  });

  it('refuses what it does not know', async () => {
    const wrong: [string, RegExp][] = [
      ['{epoch', /a brace has no other one/],
      ['epoch}', /a brace has no other one/],
      ['{}', /a brace has no other one/],
      ['{epoch:x}', /':x' is no format that is known here/],
      ['{epoch:.3d}', /':.3d' is no format/],
      ['{val_loss!r}', /a brace has no other one/],
    ];
    for (const [text, message] of wrong) await refused(() => pythonFormat('file', text), UsageError, message);
    await refused(() => pythonFormat('file', 5 as never), UsageError, /file is 5/);
    const pattern = pythonFormat('file', '{val_loss:.3f}-{lr:d}');
    await refused(() => pattern.format({ loss: 1 }, none), UsageError, /wants val_loss.*there is loss/);
    await refused(() => pattern.format({ val_loss: 1, lr: 2 }, none), UsageError, /lr is no whole number/);
  });
});

describe('pythonFloat', () => {
  it('is str', () => {
    expect(floats.map(pythonFloat)).toEqual(file.values);
  });
});
