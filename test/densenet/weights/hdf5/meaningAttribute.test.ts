import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../../src/core/errors.js';
import { readWeights, writeWeights } from '../../../../src/densenet/weights/formats.js';
import { fromFloat16 } from '../../../../src/densenet/weights/halfFloats.js';
import { makeHdf5, readHdf5, writeText } from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { readMeaning } from '../../../../src/densenet/weights/hdf5/meaningAttribute.js';
import { toFloat16 } from '../../../../src/densenet/weights/inHalf.js';
import { KERAS_FORMATS } from '../../../../src/densenet/weights/keras/kerasFormats.js';
import { readKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { refused } from '../../../support/refused.js';
import { randomWeights, TINY } from '../keras/h5Fixtures.js';

const MEANING = {
  labels: ['a', 'Ödem', ''],
  preprocessing: {
    size: 128,
    interpolation: 'nearest',
    scaling: 'keras',
    normalisation: { kind: 'samplewise', epsilon: 1e-6 },
  },
  thresholds: Float32Array.of(0.5, Number.NaN, 0.25),
  notice: 'drawn — not real',
} as const;

describe('the meaning of the weights in a Keras file', () => {
  it.each(KERAS_FORMATS)('comes back from %s', async (format) => {
    const weights = randomWeights(TINY);
    const config = { ...TINY, bnEpsilon: 1e-3, activation: 'softmax' as const };
    const found = await readWeights(await writeWeights(format, weights, config, MEANING), TINY);
    expect(found).toMatchObject({ ...MEANING, thresholds: expect.anything() });
    expect([...found.thresholds!]).toEqual([0.5, Number.NaN, 0.25]);
    expect(found.config).toMatchObject({ bnEpsilon: 1e-3, activation: 'softmax' });
    expect(found.report).toMatchObject({ activationBy: 'file', bnEpsilonBy: 'file' });
    expect(found.tensors).toEqual(weights);
  });

  it('is not there where there is nothing to say', async () => {
    const bytes = await writeWeights('keras2', randomWeights(TINY), TINY, {});
    expect((await readKerasHdf5(bytes, TINY)).meaning).toBeNull();
  });

  it.each([
    ['no JSON', '{'],
    ['no known activation', '{}'],
    ['no known activation', 'null'],
    ['no epsilon', '{"activation":"sigmoid","bnEpsilon":2}'],
    ['names no 3 outputs', '{"activation":"sigmoid","bnEpsilon":0,"labels":["a"]}'],
    ['has no 3 thresholds', '{"activation":"sigmoid","bnEpsilon":0,"thresholds":[1,2,"x"]}'],
    ['is no preprocessing', '{"activation":"sigmoid","bnEpsilon":0,"preprocessing":{"size":-1}}'],
    ['notice that is no text', '{"activation":"sigmoid","bnEpsilon":0,"notice":4}'],
  ])('is refused where it is damaged: %s', async (what, text) => {
    const bytes = await makeHdf5((root) => writeText(root, 'chexgpu', text));
    await refused(
      () => readHdf5(bytes, 'x.h5', (root) => readMeaning(root, 3, 'x.h5')),
      WeightsError,
      new RegExp(`x.h5: its attribute chexgpu .*${what}`),
    );
  });

  it('must fit the outputs', async () => {
    const write = () => writeWeights('keras2', randomWeights(TINY), TINY, { labels: ['a'] });
    await refused(write, WeightsError, /1 labels do not fit 3 outputs/);
  });
});

describe('half precision', () => {
  it.each([...KERAS_FORMATS, 'safetensors'])(
    'rounds the kernels of %s and leaves the vectors',
    async (format) => {
      const weights = randomWeights(TINY);
      const bytes = await writeWeights(format, weights, TINY, { half: true });
      const { tensors } = await readWeights(bytes, TINY);
      for (const [key, values] of weights) {
        const found = tensors.get(key)!;
        if (!key.endsWith('/kernel')) expect(found, key).toEqual(values);
        else expect(found, key).toEqual(fromFloat16(toFloat16(values)));
      }
    },
  );

  it('has no place for large numbers, nor in other formats', async () => {
    const weights = randomWeights(TINY);
    weights.get('conv1/conv/kernel')![3] = 1e5;
    for (const format of ['keras2', 'safetensors']) {
      await refused(
        () => writeWeights(format, weights, TINY, { half: true }),
        WeightsError,
        /conv1\/conv\/kernel holds 100000/,
      );
    }
    const npz = () => writeWeights('npz', randomWeights(TINY), TINY, { half: true });
    await refused(npz, UsageError, /no place for half precision/);
  });
});
