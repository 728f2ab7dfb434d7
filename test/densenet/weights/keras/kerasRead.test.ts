import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import {
  densenetConfig,
  HEAD_LAYER,
  layerTable,
  parameterTable,
} from '../../../../src/densenet/architecture.js';
import {
  childGroup,
  makeHdf5,
  readHdf5,
  stringsAttribute,
} from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import {
  buildFile,
  differences,
  type H5Layout,
  kerasLayouts,
  randomWeights,
  SMALL,
  TINY,
} from './h5Fixtures.js';

const data = process.env.CHEXGPU_DATA;
const layouts = kerasLayouts();
const weights = randomWeights(SMALL);
const d121 = densenetConfig('densenet121');

/** The one line that a refused file gives. */
async function refusal(bytes: Uint8Array, config = SMALL): Promise<string> {
  const error = await readKerasHdf5(bytes, config, 'x.h5').then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(WeightsError);
  const { message } = error as WeightsError;
  expect(message).not.toContain('\n');
  expect(message).toContain('x.h5');
  return message;
}

const edited = (name: string, edit: (layout: H5Layout) => void): Promise<Uint8Array> => {
  const layout = structuredClone(layouts[name]);
  edit(layout);
  return buildFile(layout, weights);
};

describe('readKerasHdf5 on every layout that real Keras writes', () => {
  const expected: Record<string, { layout: string; matchedBy: string; nested?: boolean; head?: boolean }> = {
    'keras2_save_weights.h5': { layout: 'save_weights', matchedBy: 'name' },
    'keras2_base.h5': { layout: 'save_weights', matchedBy: 'name', head: false },
    'keras2_save_weights.weights.h5': { layout: 'keras3', matchedBy: 'class' },
    'keras2_model_save.h5': { layout: 'model.save', matchedBy: 'name' },
    'keras2_nested_model_save.h5': { layout: 'model.save', matchedBy: 'name', nested: true },
    'keras2_nested_frozen.h5': { layout: 'model.save', matchedBy: 'name', nested: true },
    'keras3_save_weights.weights.h5': { layout: 'keras3', matchedBy: 'name' },
    'keras3_model_save.h5': { layout: 'model.save', matchedBy: 'name' },
    'keras3_nested.weights.h5': { layout: 'keras3', matchedBy: 'name', nested: true },
    'keras3_nested_model_save.h5': { layout: 'model.save', matchedBy: 'name', nested: true },
    'keras3_nested_frozen.h5': { layout: 'model.save', matchedBy: 'name', nested: true },
  };

  it('knows all of them', () => {
    expect(Object.keys(layouts)).toEqual(Object.keys(expected));
  });

  for (const style of ['fixed-length', 'variable-length', 'chunked']) {
    it.each(Object.keys(expected))(`%s with ${style} names`, async (name) => {
      const options = {
        variableLength: style === 'variable-length',
        limit: style === 'chunked' ? 500 : undefined,
      };
      const bytes = await buildFile(layouts[name], weights, options);
      const { tensors, report } = await readKerasHdf5(bytes, SMALL);
      const { head = true, nested = false, ...rest } = expected[name];
      expect(report).toMatchObject({ ...rest, head, nested, tensorCount: head ? 66 : 64 });
      const wanted = [...weights].filter(([key]) => head || !key.startsWith(HEAD_LAYER));
      expect(differences(tensors, new Map(wanted))).toEqual([]);
    });
  }

  it('takes a file without keras_version as version 1', async () => {
    const bytes = await edited('keras2_save_weights.h5', (layout) => {
      layout.attributes = layout.attributes.filter(([, key]) => key !== 'keras_version' && key !== 'backend');
    });
    const { report } = await readKerasHdf5(bytes, SMALL);
    expect(report).toMatchObject({ kerasVersion: '1', backend: '', layerCount: 51, weightLayers: 26 });
  });

  it('pairs by order, as Keras does, when the names are others', async () => {
    const rename = (text: string) => text.replace(/\b(conv\d_block\d|pool\d)/g, 'my_$1');
    const bytes = await edited('keras2_save_weights.h5', (layout) => {
      const own = (value: string | string[]) => (Array.isArray(value) ? value.map(rename) : value);
      layout.attributes = layout.attributes.map(([path, key, value]) => [rename(path), key, own(value)]);
      layout.datasets = layout.datasets.map(([path, shape, i]) => [rename(path), shape, i]);
    });
    const { tensors, report } = await readKerasHdf5(bytes, SMALL);
    expect(report.matchedBy).toBe('order');
    expect(differences(tensors, weights)).toEqual([]);
  });

  it('reads several files at once without mixing them up', async () => {
    const seeds = [11, 12, 13, 14];
    const all = await Promise.all(
      seeds.map(async (seed) => {
        const own = randomWeights(TINY, seed);
        return { own, back: await readKerasHdf5(await writeKerasHdf5(own, TINY), TINY) };
      }),
    );
    for (const { own, back } of all) expect(differences(back.tensors, own)).toEqual([]);
  });
});

describe('readKerasHdf5 refuses', () => {
  it('a kernel of another shape', async () => {
    const bytes = await writeKerasHdf5(randomWeights(TINY), TINY);
    const message = await refusal(bytes, { ...TINY, growthRate: 8, bottleneck: 1 });
    expect(message).toMatch(
      /layer conv2_block1_2_conv, kernel: .* \[3, 3, 8, 4\], tiny wants \[3, 3, 8, 8\]/,
    );
  });

  it('another network, naming the one it fits by its layers', async () => {
    const shallow = { ...TINY, blocks: [1, 2] };
    const bytes = await writeKerasHdf5(randomWeights(shallow), shallow);
    expect(await refusal(bytes, TINY)).toMatch(
      /18 layers with weights, tiny has 14 \(13 without the head\)\. First difference: layer bn, .*another network/,
    );
  });

  it('a network whose layers have another number of tensors', async () => {
    const bytes = await edited('keras2_save_weights.h5', (layout) => {
      for (const row of layout.attributes) {
        if (row[0] === 'pool3_bn' && Array.isArray(row[2])) row[2] = row[2].slice(0, 3);
      }
    });
    expect(await refusal(bytes)).toMatch(/layer pool3_bn has 3 tensors in the file .* wants gamma \[/);
  });

  it('NaN and infinity, naming the tensor', async () => {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const broken = randomWeights(SMALL, 5);
      broken.get('pool2_conv/kernel')?.fill(bad, 7, 8);
      const bytes = await buildFile(layouts['keras2_save_weights.h5'], broken);
      expect(await refusal(bytes)).toContain(`layer pool2_conv, kernel holds ${bad} at position 7`);
    }
  });

  it('numbers that are not 32-bit floats', async () => {
    const name = 'conv1/conv/conv1/conv';
    const layout = structuredClone(layouts['keras2_save_weights.h5']);
    layout.datasets = layout.datasets.filter(([path]) => path !== `${name}/kernel:0`);
    const bytes = await buildFile(layout, weights);
    expect(await refusal(bytes)).toMatch(
      /names a tensor 'conv1\/conv\/conv1\/conv\/kernel:0' but does not hold/,
    );
    const doubles = await makeHdf5((root) => {
      root.create_attribute('layer_names', ['a']);
      root.create_group('a').create_attribute('weight_names', ['kernel:0']);
      childGroup(root, 'a')?.create_dataset({ name: 'kernel:0', data: new Float64Array([1, 2]), shape: [2] });
    });
    expect(await refusal(doubles)).toMatch(/1 layer with weights/);
  });

  it('a layer that is named but absent', async () => {
    const bytes = await makeHdf5((root) => root.create_attribute('layer_names', ['here', 'there']));
    expect(await refusal(bytes)).toContain("names a layer 'here' but has no group for it");
  });

  const text = (s: string) => new TextEncoder().encode(s);
  it.each([
    ['nothing', new Uint8Array(0), /x\.h5 is empty/],
    [
      'a Git-LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:06\n'),
      /git lfs pull/,
    ],
    ['a zip', text('PK\x03\x04....'), /zip archive.*model\.weights\.h5/],
    ['a web page', text('<!DOCTYPE html><html>'), /web page/],
    ['a text', text('epoch,loss\n1,0.5\n'), /is not an HDF5 file/],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toMatch(message);
  });

  it('a file cut short, wherever the cut is', async () => {
    const bytes = await writeKerasHdf5(randomWeights(TINY), TINY);
    for (const length of [9, 60, 1000, bytes.length >> 1, bytes.length - 1]) {
      expect(await refusal(bytes.slice(0, length), TINY)).toContain(`cut short: it has ${length} bytes`);
    }
  });

  it('a file damaged inside, with the reason HDF5 gives, and reads the next one', async () => {
    const bytes = await writeKerasHdf5(randomWeights(TINY), TINY);
    const damaged = bytes.slice();
    damaged.fill(0xff, 100, 3000);
    expect(await refusal(damaged, TINY)).toMatch(/x\.h5 is damaged: HDF5 says ".+"/);
    expect((await readKerasHdf5(bytes, TINY)).tensors.size).toBe(parameterTable(TINY).length);
  });
});

describe('writeKerasHdf5', () => {
  it('makes the save_weights layout of Keras 2.3.1', async () => {
    const bytes = await writeKerasHdf5(weights, SMALL);
    expect(bytes[8]).toBe(0); // superblock version 0, as h5py wrote it
    await readHdf5(bytes, 'written', (root) => {
      expect(stringsAttribute(root, 'layer_names')).toEqual(layerTable(SMALL).map((layer) => layer.name));
      expect(root.attrs.layer_names.metadata).toMatchObject({ vlen: false, cset: 0 });
      expect(stringsAttribute(root, 'backend')).toEqual(['tensorflow']);
      expect(stringsAttribute(root, 'keras_version')).toEqual(['2.3.1']);
      const relu = childGroup(root, 'conv1/relu');
      expect(relu?.attrs.weight_names).toMatchObject({ dtype: '<d', shape: [0] });
    });
  });

  it('stores the same groups and tensors as real Keras', async () => {
    const bytes = await writeKerasHdf5(weights, SMALL);
    const real = layouts['keras2_save_weights.h5'];
    // tf.keras counts automatic names from 0, Keras 2.3 from 1.
    const ours = (path: string) => path.replace(/\bdense\b/g, 'dense_1');
    await readHdf5(bytes, 'written', (root) => {
      for (const [path, shape] of real.datasets) expect(root.get(ours(path))).toMatchObject({ shape });
      for (const [path, key, value] of real.attributes) {
        if (key !== 'weight_names' || !Array.isArray(value) || value.length === 0) continue;
        const group = childGroup(root, ours(path));
        expect(group && stringsAttribute(group, key), path).toEqual(value.map(ours));
      }
    });
  });

  it('is read back bit for bit', async () => {
    const { tensors, report } = await readKerasHdf5(await writeKerasHdf5(weights, SMALL), SMALL);
    expect(report).toMatchObject({
      layout: 'save_weights',
      kerasVersion: '2.3.1',
      layerCount: 51,
      head: true,
    });
    expect(differences(tensors, weights)).toEqual([]);
  });

  it('makes equal bytes of equal weights, whatever the time', async () => {
    const own = randomWeights(TINY, 21);
    const first = await writeKerasHdf5(own, TINY);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // HDF5 counts time in seconds
    const before = Date.now();
    expect(Buffer.from(await writeKerasHdf5(own, TINY)).equals(first)).toBe(true);
    expect(Date.now()).toBeGreaterThanOrEqual(before);
    const other = await writeKerasHdf5(randomWeights(TINY, 22), TINY);
    expect(Buffer.from(other).equals(first)).toBe(false);
  });

  it.each([
    ['a missing tensor', (w: Map<string, Float32Array>) => w.delete('bn/beta'), /lack bn\/beta \[\d+\]/],
    [
      'an unknown tensor',
      (w: Map<string, Float32Array>) => w.set('x/kernel', new Float32Array(1)),
      /x\/kernel/,
    ],
    [
      'a wrong size',
      (w: Map<string, Float32Array>) => w.set('dense_1/bias', new Float32Array(2)),
      /layer dense_1, bias has 2 numbers, tiny wants 3 \[3\]/,
    ],
    [
      'NaN',
      (w: Map<string, Float32Array>) => w.get('bn/gamma')?.fill(Number.NaN),
      /layer bn, gamma holds NaN/,
    ],
  ])('refuses %s', async (_, spoil, message) => {
    const own = randomWeights(TINY);
    spoil(own);
    await expect(writeKerasHdf5(own, TINY)).rejects.toThrow(message);
    await expect(writeKerasHdf5(own, TINY)).rejects.toThrow(WeightsError);
  });
});

describe.runIf(data)('HDF5 files of other origin', () => {
  const refusals: [string, RegExp][] = [
    [
      'densenet-40-12-cifar10.keras1.h5',
      new RegExp(
        "\\d+ layers with weights, densenet121 has 242 .* layer conv1/conv \\(called 'initial_conv2D' there\\), " +
          'kernel: the file has shape \\[16, 3, 3, 3\\], densenet121 wants \\[7, 7, 3, 64\\]',
      ),
    ],
    ['fer2013_big_XCEPTION.54-0.66.hdf5', /layers with weights, densenet121 has 242 .*\[3, 3, 1, 32\]/],
    ['fer2013_mini_XCEPTION.102-0.66.hdf5', /layers with weights, densenet121 has 242 .*\[3, 3, 1, 8\]/],
    ['tiny_XCEPTION_KDEF.hdf5', /layers with weights, densenet121 has 242 .*\[3, 3, 1, 5\]/],
    ['AI-MED-AGH_mnist_model.weights.h5', /3 layers with weights, densenet121 has 242/],
    ['dattran_stat_pytables_or_h5py.h5', /is HDF5 but no Keras weight file: .* but train_auc, train_loss/],
    ['keras_pre_pr22362_nested_container.keras', /zip archive/],
  ];
  it.each(refusals)('%s is refused in one clear line', async (name, message) => {
    const bytes = readFileSync(join(data ?? '', 'keras-h5', name));
    expect(await refusal(bytes, d121)).toMatch(message);
    expect(await refusal(bytes.subarray(0, bytes.length >> 1), d121)).toMatch(/cut short|zip archive/);
  });
});

if (!data) console.log('weights: CHEXGPU_DATA is not set, real files of other networks are left out.');
