/** The registry: a file is told by its content, a kind of file by its name or an ending. */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import {
  kindFor,
  leftOut,
  readWeights,
  sniffWeights,
  WEIGHTS_ENDINGS,
  WEIGHTS_KINDS,
  writeWeights,
} from '../../../src/densenet/weights/formats.js';
import { XRV_PREPROCESSING } from '../../../src/densenet/weights/torch/torchFacts.js';
import { differences, randomAdam, randomWeights, TINY } from './keras/h5Fixtures.js';

const text = (words: string) => new TextEncoder().encode(words);

describe('every kind of weight file', () => {
  it.each(WEIGHTS_KINDS)('%s is known by its bytes and comes back', async (kind) => {
    const weights = randomWeights(TINY, 5);
    const bytes = await writeWeights(kind, weights, TINY);
    expect(sniffWeights(bytes)).toBeDefined();
    // As much as is read of a file before it is replaced.
    expect(sniffWeights(bytes.subarray(0, 65_536))).toBe(sniffWeights(bytes));
    const read = await readWeights(bytes, TINY, 'x');
    expect(differences(read.tensors, weights)).toEqual([]);
    expect(read.config).toEqual(TINY);
    expect(read).toMatchObject({ preprocessing: null, thresholds: null, inputSize: null });
    expect(read.report).toMatchObject({ head: true, leftOver: [], tensorCount: weights.size });
    expect(read.words.contents).toMatch(/ tensors/);
  });

  it.each(WEIGHTS_KINDS)('%s is written under names that lead to it', (kind) => {
    const ending = WEIGHTS_ENDINGS.find((one) => kindFor(`x${one}`) === kind);
    if (kind === 'keras2-model') expect(ending).toBeUndefined();
    else expect(ending).toBeDefined();
    expect(WEIGHTS_ENDINGS.some((one) => kindOrNull(`x${one}`, kind) === kind)).toBe(true);
    expect(() => kindFor('x.txt', kind)).toThrow(`x.txt cannot be of format '${kind}'`);
    expect(() => kindFor('x.txt', kind)).toThrow(UsageError);
  });

  const kindOrNull = (path: string, kind: string) => {
    try {
      return kindFor(path, kind);
    } catch {
      return null;
    }
  };

  it('has an ending of its own, the longest counts, and none is guessed', () => {
    expect(['a.h5', 'A.H5', 'a.hdf5', 'a.weights.h5', 'a.safetensors'].map((path) => kindFor(path))).toEqual([
      'keras2',
      'keras2',
      'keras2',
      'keras3',
      'safetensors',
    ]);
    for (const path of ['a', 'a.pt', 'h5', 'a.h5.zip'])
      expect(() => kindFor(path)).toThrow(/ends in none of/);
    expect(() => kindFor('a.weights.h5', 'keras2')).toThrow(/cannot be of format 'keras2'.* Call it x\.h5/);
    expect(() => kindFor('a.h5', 'onnx')).toThrow(/no format 'onnx'\. Choose keras2, /);
  });
});

describe('bytes of no format', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /x\.h5 is empty/],
    [
      'a text',
      text('epoch,loss\n1,0.5\n'),
      /x\.h5 is no weight file of a known format \(Keras HDF5, safetensors/,
    ],
    ['a Git-LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), /Git-LFS pointer/],
    ['a web page', text('<!DOCTYPE html><html></html>'), /is a web page, not a weight file/],
    ['a zip archive', text('PK\x03\x04 and so on'), /is a zip archive/],
    ['a pickle', Uint8Array.of(0x80, 2, 0x8a, 10), /is a pickle of PyTorch.*save_file/],
  ])('%s is called what it is', async (_, bytes, message) => {
    expect(sniffWeights(bytes)).toBeUndefined();
    await expect(readWeights(bytes, TINY, 'x.h5')).rejects.toThrow(message);
    await expect(readWeights(bytes, TINY, 'x.h5')).rejects.toThrow(WeightsError);
  });
});

describe('what a kind cannot hold', () => {
  it('is said before it is lost', async () => {
    const config = { ...TINY, bnEpsilon: 1e-3, activation: 'softmax' as const };
    const meaning = { labels: ['a', '', 'c'], preprocessing: XRV_PREPROCESSING, thresholds: null };
    const weights = { config, ...meaning };
    const said = (await leftOut('keras2', weights)).join('\n');
    const built = expect.stringMatching(/^how the network is built: \{"blocks":/);
    for (const what of [
      /^how the network is built: \{/,
      /epsilon 0\.001/,
      /a softmax/,
      /a, \(never trained\), c/,
      /pixels are scaled, but for its attribute chexgpu: \{/,
    ]) {
      expect(said).toMatch(what);
    }
    expect((await leftOut('keras2-model', weights)).join('\n')).not.toMatch(/built|norm epsilon|softmax/);
    expect(await leftOut('safetensors', weights)).toEqual([
      built,
      expect.stringMatching(/eps of every BatchNorm2d to 0\.001/),
    ]);
    expect(await leftOut('safetensors', { config: { ...config, bnEpsilon: 1e-5 } })).toEqual([built]);
    const named = densenetConfig('densenet169', { bnEpsilon: 1e-5 });
    expect(await leftOut('safetensors', { config: named })).toEqual([]);
  });

  it('is refused where it was asked for', async () => {
    const optimizer = randomAdam(TINY);
    for (const options of [{ optimizer }, { head: false }]) {
      await expect(writeWeights('safetensors', randomWeights(TINY), TINY, options)).rejects.toThrow(
        UsageError,
      );
    }
    const bytes = await writeWeights('safetensors', randomWeights(TINY), TINY);
    await expect(readWeights(bytes, TINY, 'x', { optimizer: true })).rejects.toThrow(/no optimizer's state/);
  });
});
