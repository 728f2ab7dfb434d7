/** history.json rules the weights that it names, and no others; a damaged one is never passed over. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { WeightsError } from '../../../src/core/errors.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { type HistoryChoice, trainedWith } from '../../../src/workflow/weights/history.node.js';

const root = mkdtempSync(join(tmpdir(), 'chexgpu-history-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const sha256 = createHash('sha256').update('the weights').digest('hex');
const weights = (name: string, content = 'the weights') => ({
  path: join(folder, name),
  content: new TextEncoder().encode(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

const FACTS = {
  network: 'densenet121',
  size: 64,
  interpolation: 'nearest',
  scaling: 'keras',
  normalisation: { kind: 'featurewise', mean: [139.5, 139.5, 139.5], std: [70, 70, 70], epsilon: 1e-6 },
  bnEpsilon: 1.001e-5,
  inputChannels: 3,
  activation: 'sigmoid',
  labels: ['Mass', 'Edema'],
};
const GOOD = { schema: 2, written_by: 'chexgpu', weights: { file: 'weights.h5', sha256 }, ...FACTS };

async function read(name: string, history: unknown, flag?: HistoryChoice, content?: string) {
  const said: string[] = [];
  const out = {
    ...SILENT,
    say: (text = '') => said.push(text),
    warn: (text: string) => said.push(`warning: ${text}`),
  };
  const text = typeof history === 'string' ? history : JSON.stringify(history);
  if (history !== undefined) writeFileSync(join(folder, 'history.json'), text);
  return { trained: await trainedWith({ out }, weights(name, content), flag), said: said.join('\n') };
}

describe('a history that names the weights', () => {
  it('is taken, also when they were copied to another name', async () => {
    expect(await read('weights.h5', GOOD)).toEqual({ trained: FACTS, said: '' });
    expect(await read('renamed.h5', { ...GOOD, more: 'than we know' })).toEqual({ trained: FACTS, said: '' });
  });

  it('of before there was a choice of labels names none', async () => {
    const { labels: _, ...before } = GOOD;
    expect((await read('weights.h5', before)).trained).toEqual({ ...FACTS, labels: null });
  });

  it('is taken for those that callbacks kept in the same training, too', async () => {
    const own = { file: 'weights.h5', sha256: '0'.repeat(64) };
    const saved = [
      { file: 'epoch-01.h5', sha256: '1'.repeat(64), epoch: 1 },
      { file: 'best.h5', sha256, epoch: 2 },
    ];
    expect(await read('best.h5', { ...GOOD, weights: own, saved })).toEqual({ trained: FACTS, said: '' });
    const none = await read('other.h5', { ...GOOD, saved }, undefined, 'other weights');
    expect(none).toEqual({ trained: null, said: expect.stringMatching(/belongs to weights\.h5/) });
  });

  it('is left with --no-history', async () => {
    expect(await read('weights.h5', 'damaged', false)).toEqual({ trained: null, said: '' });
  });
});

describe('a history of others', () => {
  it('is not used, and why is said', async () => {
    const { trained, said } = await read('downloaded.h5', GOOD, undefined, 'other weights');
    expect(trained).toBeNull();
    expect(said).toMatch(
      /history\.json belongs to weights\.h5 with sha256 [0-9a-f]{12}\.\.\., not to these weights/,
    );
  });

  it('is used where it is given, with a warning', async () => {
    await read('weights.h5', GOOD);
    const path = join(folder, 'history.json');
    const { trained, said } = await read('other.h5', undefined, path, 'other weights');
    expect(trained).toEqual(FACTS);
    expect(said).toMatch(/^warning: .* belongs to weights\.h5 .*; `history` takes it all the same/);
  });

  it('that names no weights is not used unless it is given', async () => {
    const { activation, bnEpsilon, inputChannels, scaling, ...old } = FACTS;
    const { trained, said } = await read('weights.h5', { ...old, loss: [1] });
    expect(trained).toBeNull();
    expect(said).toMatch(/^warning: .*does not say which weights it belongs to and is not used.*`history: /);
    const given = await read('weights.h5', undefined, join(folder, 'history.json'));
    expect(given).toEqual({ trained: FACTS, said: '' });
  });

  it('of another program is not used', async () => {
    const { trained, said } = await read('weights.h5', { loss: [0.5, 0.4], val_loss: [0.6, 0.5] });
    expect(trained).toBeNull();
    expect(said).toMatch(/history\.json was not written by chexgpu: it is not used/);
  });

  it('that is not there says nothing, unless it was asked for', async () => {
    expect(await read('weights.h5', undefined)).toEqual({ trained: null, said: '' });
    const asked = read('weights.h5', undefined, join(folder, 'none.json'));
    await expect(asked).rejects.toThrow(/none\.json does not exist/);
  });
});

describe('a damaged history is refused by name', () => {
  const text = JSON.stringify(GOOD, null, 1);
  const { mean: _, ...withoutMean } = FACTS.normalisation;
  const featurewise = (change: object) => ({ ...GOOD, normalisation: { ...FACTS.normalisation, ...change } });
  const cases: [string, unknown, RegExp][] = [
    [
      'cut by two bytes',
      text.slice(0, -2),
      /is damaged: it is no JSON\. Mend or remove it, or .*`history: false`/,
    ],
    ['cut in the middle', text.slice(0, 100), /is damaged: it is no JSON/],
    ['empty', '', /is damaged: it is no JSON/],
    ['a list', [], /is damaged: it holds no object/],
    ['null', 'null', /is damaged: it holds no object/],
    ['without a std', { ...GOOD, normalisation: withoutMean }, /normalisation is .* not a normalisation/],
    ['with a std called st', text.replace('"std"', '"st"'), /normalisation is \{/],
    ['with a negative std', featurewise({ std: [-1, 1, 1] }), /normalisation is/],
    ['with a mean that is text', featurewise({ mean: ['1', '1', '1'] }), /normalisation is/],
    ['with two means', featurewise({ mean: [1, 1] }), /normalisation is/],
    ['with another kind', featurewise({ kind: 'batchwise' }), /normalisation is/],
    ['without normalisation', { ...GOOD, normalisation: undefined }, /normalisation is missing/],
    ['with a size of text', { ...GOOD, size: '64' }, /size is "64", not a positive multiple of 32/],
    ['with a size of 33', { ...GOOD, size: 33 }, /size is 33/],
    ['with a size of 0', { ...GOOD, size: 0 }, /size is 0/],
    [
      'with an unknown network',
      { ...GOOD, network: 'resnet50' },
      /network is "resnet50", not one of densenet121/,
    ],
    [
      'with an unknown scaling',
      { ...GOOD, scaling: 'loud' },
      /scaling is "loud", not one of keras, depth, range/,
    ],
    ['with an unknown filter', { ...GOOD, interpolation: 'cubic' }, /interpolation is "cubic"/],
    ['with a negative epsilon', { ...GOOD, bnEpsilon: -1 }, /bnEpsilon is -1, not a number from 0 to 1/],
    ['with an epsilon of null', { ...GOOD, bnEpsilon: null }, /bnEpsilon is null/],
    ['with half a channel', { ...GOOD, inputChannels: 1.5 }, /inputChannels is 1\.5/],
    ['with another activation', { ...GOOD, activation: 'tanh' }, /activation is "tanh"/],
    ['with labels of text', { ...GOOD, labels: 'Mass' }, /labels is "Mass", not a list of names/],
    ['with a label that is a number', { ...GOOD, labels: ['Mass', 7] }, /labels is \["Mass",7\]/],
    [
      'with weights of text',
      { ...GOOD, weights: 'weights.h5' },
      /its field weights names no file and sha256/,
    ],
    ['with half a sha256', { ...GOOD, weights: { file: 'a', sha256: 'abc' } }, /names no file and sha256/],
    ['without its weights', { ...GOOD, weights: undefined }, /names no file and sha256/],
    ['of a later schema', { ...GOOD, schema: 3 }, /has schema 3; 2 is read/],
  ];
  it.each(cases)('%s', async (_, history, message) => {
    await expect(read('weights.h5', history)).rejects.toThrow(message);
    await expect(read('weights.h5', history)).rejects.toThrow(WeightsError);
    await expect(read('weights.h5', history)).rejects.toThrow(/history\.json/);
  });

  it('no regular file', async () => {
    execFileSync('mkfifo', [join(folder, 'history.json')]);
    await expect(read('weights.h5', undefined)).rejects.toThrow(/history\.json is no regular file/);
  });
});
