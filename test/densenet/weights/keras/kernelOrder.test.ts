/** Files of Keras 1 and of Keras on Theano: kernels in another order, and turned by 180 degrees. */
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../../../src/densenet/architecture.js';
import { ensureGroup, makeHdf5, writeStrings } from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { readKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import type { WeightMap } from '../../../../src/training/parameterSpec.js';
import { buildFile, differences, kerasLayouts, randomWeights, SMALL } from './h5Fixtures.js';

const config = densenetConfig('densenet40-12', {
  name: 'small',
  blocks: [2, 1],
  growthRate: 5,
  stemChannels: 6,
  classes: 3,
});
const weights = randomWeights(config, 3);

/** The value at [y][x][i][o] of a kernel [h,w,in,out]. */
const at = ([, w, ci, co]: number[], y: number, x: number, i: number, o: number) =>
  ((y * w + x) * ci + i) * co + o;

/** W[o][i][y][x] as Theano trains it: the kernel with both axes of its window reversed. */
function theanoKernel(values: Float32Array, shape: number[], turned: boolean): Float32Array {
  const [h, w, ci, co] = shape;
  const stored: number[] = [];
  for (let o = 0; o < co; o++)
    for (let i = 0; i < ci; i++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          stored.push(values[turned ? at(shape, h - 1 - y, w - 1 - x, i, o) : at(shape, y, x, i, o)]);
  return Float32Array.from(stored);
}

const TENSORS = {
  kernel: 'W',
  bias: 'b',
  gamma: 'gamma',
  beta: 'beta',
  moving_mean: 'running_mean',
  moving_variance: 'running_std', // which holds the variance
};

/** The names and groups of Keras 1.1 `save_weights`. */
function keras1File(own: WeightMap, order: 'th' | 'tf', turned: boolean): Promise<Uint8Array> {
  const counts = new Map<string, number>();
  const renamed = new Map<string, string>();
  const specs = parameterTable(config);
  for (const { layer, shape, tensor } of specs) {
    if (renamed.has(layer)) continue;
    const name = tensor === 'gamma' ? 'batchnormalization' : shape.length === 4 ? 'convolution2d' : 'dense';
    counts.set(name, (counts.get(name) ?? 0) + 1);
    renamed.set(layer, `${name}_${counts.get(name)}`);
  }
  return makeHdf5((root) => {
    writeStrings(root, 'layer_names', ['input_1', ...renamed.values()]);
    writeStrings(ensureGroup(root, 'input_1'), 'weight_names', []);
    for (const [layer, name] of renamed) {
      const group = ensureGroup(root, name);
      const members = specs.filter((spec) => spec.layer === layer);
      const names = members.map((spec) => `${name}_${TENSORS[spec.tensor]}`);
      writeStrings(group, 'weight_names', names);
      members.forEach(({ key, shape }, i) => {
        const th = order === 'th' && shape.length === 4;
        const data = th ? theanoKernel(own.get(key)!, shape, turned) : own.get(key)!;
        const stored = th ? [shape[3], shape[2], shape[0], shape[1]] : shape;
        group.create_dataset({ name: names[i], data, shape: stored, dtype: '<f4' });
      });
    }
  });
}

describe('a Keras 1 file', () => {
  it.each([
    ['theano', true],
    ['tensorflow', false],
  ] as const)('with [out, in, height, width] kernels trained on %s', async (backend, turned) => {
    const bytes = await keras1File(weights, 'th', turned);
    const { tensors, report } = await readKerasHdf5(bytes, config, 'x.h5', { backend });
    expect(differences(tensors, weights)).toEqual([]);
    expect(report).toMatchObject({ kerasVersion: '1', backend, matchedBy: 'order', head: true });
    const other = await readKerasHdf5(bytes, config, 'x.h5', {
      backend: backend === 'theano' ? 'tensorflow' : 'theano',
    });
    // Kernels of 1x1 have nothing to turn.
    const windows = parameterTable(config).filter(({ shape }) => shape.length === 4 && shape[0] > 1);
    expect(differences(other.tensors, weights)).toEqual(windows.map(({ key }) => key));
  });

  it('is refused where nothing says whether its kernels are turned', async () => {
    const bytes = await keras1File(weights, 'th', true);
    await expect(readKerasHdf5(bytes, config, 'x.h5')).rejects.toThrow(WeightsError);
    await expect(readKerasHdf5(bytes, config, 'x.h5')).rejects.toThrow(/x\.h5 stores .* backend: 'theano'/);
  });

  it("with TensorFlow's ordering needs no word", async () => {
    const { tensors } = await readKerasHdf5(await keras1File(weights, 'tf', false), config);
    expect(differences(tensors, weights)).toEqual([]);
  });

  it('of another network is refused with the shapes as the file has them', async () => {
    const bytes = await keras1File(weights, 'th', true);
    const wide = { ...config, growthRate: 7 };
    await expect(readKerasHdf5(bytes, wide, 'x.h5', { backend: 'theano' })).rejects.toThrow(
      /conv2_block1_1_conv .*file has shape \[5, 6, 3, 3\], small wants \[7, 6, 3, 3\]/,
    );
  });
});

describe('a Keras 2 file trained on Theano', () => {
  it('says so itself, and its kernels are turned as Keras 2 turns them', async () => {
    const turned = new Map(randomWeights(SMALL));
    for (const { key, shape } of parameterTable(SMALL)) {
      if (shape.length !== 4) continue;
      const [h, w] = shape;
      const values = turned.get(key)!;
      turned.set(
        key,
        values.map((_, n) => {
          const [tap, rest] = [Math.floor(n / (shape[2] * shape[3])), n % (shape[2] * shape[3])];
          return values[at(shape, h - 1 - Math.floor(tap / w), w - 1 - (tap % w), 0, 0) + rest];
        }),
      );
    }
    const layout = structuredClone(kerasLayouts()['keras2_save_weights.h5']);
    const backend = layout.attributes.find(([path, key]) => path === '' && key === 'backend')!;
    backend[2] = 'theano';
    const { tensors, report } = await readKerasHdf5(await buildFile(layout, turned), SMALL);
    expect(differences(tensors, randomWeights(SMALL))).toEqual([]);
    expect(report.backend).toBe('theano');
  });
});
