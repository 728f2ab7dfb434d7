/** What writeKerasHdf5 writes against what real Keras wrote of the same network, test/golden/keras/keras_models.json */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../../src/core/errors.js';
import {
  densenetConfig,
  HEAD_LAYER,
  layerTable,
  parameterTable,
} from '../../../../src/densenet/architecture.js';
import {
  childDataset,
  childGroup,
  type Group,
  makeHdf5,
  readHdf5,
  stringAttribute,
  stringsAttribute,
  writeStrings,
} from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { KERAS_FORMATS } from '../../../../src/densenet/weights/keras/kerasFormats.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import {
  differences,
  kerasLayouts,
  kerasModels,
  randomAdam,
  randomWeights,
  SMALL,
  TINY,
} from './h5Fixtures.js';

const models = kerasModels();
const weights = randomWeights(SMALL);
const optimizer = randomAdam(SMALL);

/** The number of every dataset in the layout, by path, from the numbers in the file. */
async function written(
  bytes: Uint8Array,
): Promise<{ shapes: Map<string, number[]>; root: Record<string, unknown> }> {
  return readHdf5(bytes, 'written', (root) => {
    const shapes = new Map<string, number[]>();
    for (const path of root.paths()) {
      const dataset = childDataset(root, path);
      if (dataset) shapes.set(path.replace(/^\//, ''), dataset.shape ?? []);
    }
    const attributes = Object.fromEntries(Object.keys(root.attrs).map((key) => [key, root.attrs[key].value]));
    return { shapes, root: attributes };
  });
}

/** What a test fills the tensor of this number with. */
function numbered(number: number): Float32Array | undefined {
  const keys = [...weights.keys()];
  const key = keys[(number % 1000) - 1];
  if (number === 0) return Float32Array.of(0);
  if (number < 1000) return weights.get(key);
  return optimizer.slots[number < 2000 ? 'm' : 'v'].get(key);
}

const sameBits = (a: unknown, b: Float32Array | undefined) =>
  a instanceof Float32Array &&
  b !== undefined &&
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

describe("the format 'keras2-model' against model.save of Keras 2.3.1", () => {
  const real = models['keras2.3_model.h5'];
  /** Keras 3 refuses '/' in a name, so the file calls conv1/conv conv1_conv; all else is Keras 2.3's. */
  const flat = (text: string) => text.replace(/\bconv1\/(conv|bn|relu)\b/g, 'conv1_$1');
  /** Keras 2.3 numbers variables of one name in a session: m_0_1 is the m_0 of its second optimizer. */
  const plain = (text: string) => flat(text).replace(/(\/(?:m|v|vhat)_\d+)_\d+:0$/, '$1:0');

  it('has the same model_config, value for value', async () => {
    const { root } = await written(
      await writeKerasHdf5(weights, SMALL, { format: 'keras2-model', optimizer }),
    );
    expect(JSON.parse(String(root.model_config))).toEqual(
      JSON.parse(flat(JSON.stringify(real.model_config))),
    );
  });

  it('has the same training_config', async () => {
    const { root } = await written(
      await writeKerasHdf5(weights, SMALL, { format: 'keras2-model', optimizer }),
    );
    const wanted = real.attributes.find(([path, key]) => path === '' && key === 'training_config');
    const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.fround(value) : value);
    expect(JSON.parse(String(root.training_config), rounded)).toEqual(
      JSON.parse(String(wanted?.[2]), rounded),
    );
  });

  it('holds the same attributes, groups and tensors, each with the right numbers', async () => {
    const bytes = await writeKerasHdf5(weights, SMALL, { format: 'keras2-model', optimizer });
    const { shapes } = await written(bytes);
    expect(shapes.size).toBe(real.datasets.length + 1);
    await readHdf5(bytes, 'written', (root) => {
      for (const [path, shape, number] of real.datasets) {
        const dataset = childDataset(root, plain(path));
        expect(dataset?.shape, path).toEqual(shape);
        expect(dataset?.dtype).toBe('<f');
        expect(sameBits(dataset?.value, numbered(number)), path).toBe(true);
      }
      const count = childDataset(root, 'optimizer_weights/Adam/iterations:0');
      expect(count).toMatchObject({ shape: [], dtype: '<q', value: 7n });
      for (const [path, key, value] of real.attributes) {
        if (key === 'training_config') continue;
        const group = path === '' ? root : (childGroup(root, flat(path)) as Group);
        const wanted = Array.isArray(value) ? value.map(plain) : [value];
        expect(stringsAttribute(group, key), `${path} ${key}`).toEqual(wanted);
      }
      expect(root.attrs.model_config.metadata).toMatchObject({ vlen: true, cset: 0 });
    });
  });

  it('is without optimizer and training_config where there is no state', async () => {
    const bytes = await writeKerasHdf5(weights, SMALL, { format: 'keras2-model' });
    const { shapes, root } = await written(bytes);
    expect(Object.keys(root).sort()).toEqual(['backend', 'keras_version', 'model_config']);
    expect([...shapes.keys()].filter((path) => path.startsWith('optimizer'))).toEqual([]);
  });

  it('says softmax, one channel and other sizes where the network has them', async () => {
    const config = { ...TINY, inputChannels: 1, activation: 'softmax' as const };
    const { root } = await written(
      await writeKerasHdf5(randomWeights(config), config, { format: 'keras2-model' }),
    );
    const { layers } = JSON.parse(String(root.model_config)).config;
    expect(layers[0].config.batch_input_shape).toEqual([null, null, null, 1]);
    expect(layers.at(-1)).toMatchObject({ class_name: 'Dense', config: { units: 3, activation: 'softmax' } });
    expect(layers[2].config).toMatchObject({ filters: 8, kernel_size: [7, 7], strides: [2, 2] });
  });
});

describe("the format 'keras3' against save_weights of Keras 3", () => {
  const real = models['keras3.weights.h5'];

  it('holds the same groups and tensors, each with the right numbers', async () => {
    const bytes = await writeKerasHdf5(weights, SMALL, { format: 'keras3', optimizer });
    const { shapes } = await written(bytes);
    expect([...shapes.keys()].sort()).toEqual(
      [...real.datasets, ...(real.scalars ?? [])].map(([path]) => path).sort(),
    );
    await readHdf5(bytes, 'written', (root) => {
      for (const [path, shape, number] of real.datasets) {
        const dataset = childDataset(root, path);
        expect(dataset?.shape, path).toEqual(shape);
        expect(sameBits(dataset?.value, numbered(number)), path).toBe(true);
      }
      expect(childDataset(root, 'optimizer/vars/0')).toMatchObject({ shape: [], dtype: '<q', value: 7n });
      expect(childDataset(root, 'optimizer/vars/1')).toMatchObject({ shape: [], dtype: '<f' });
      expect(childDataset(root, 'optimizer/vars/1')?.value).toBe(Math.fround(1e-3));
      // Keras counts names like zero_padding2d from 0, Keras 2.3, whose names are used here, from 1.
      const automatic = /^(input|zero_padding2d|global_average_pooling2d|dense)/;
      for (const [path, key, value] of real.attributes) {
        const group = childGroup(root, path);
        expect(group, path).toBeDefined();
        const name = stringAttribute(group as Group, key) ?? '';
        if (automatic.test(name))
          expect(automatic.exec(String(value))?.[0], path).toBe(automatic.exec(name)?.[0]);
        else expect(name, path).toBe(value);
      }
    });
  });
});

describe('a base without its head', () => {
  const base = new Map([...weights].filter(([key]) => !key.startsWith(HEAD_LAYER)));
  it.each(KERAS_FORMATS)('is written by %s, from a whole network or from a base', async (format) => {
    const bytes = await writeKerasHdf5(weights, SMALL, { format, head: false });
    expect(Buffer.from(await writeKerasHdf5(base, SMALL, { format, head: false })).equals(bytes)).toBe(true);
    const { tensors, report } = await readKerasHdf5(bytes, SMALL);
    expect(report).toMatchObject({ head: false, layerCount: layerTable(SMALL).length - 2, optimizer: false });
    expect(differences(tensors, base)).toEqual([]);
  });

  it('has the layers of real Keras', async () => {
    const real = kerasLayouts()['keras2_base.h5'];
    const { shapes } = await written(await writeKerasHdf5(base, SMALL, { head: false }));
    expect([...shapes.keys()].sort()).toEqual(real.datasets.map(([path]) => path).sort());
  });

  it('must be whole', async () => {
    const short = new Map(base);
    short.delete('bn/beta');
    await expect(writeKerasHdf5(short, SMALL, { head: false })).rejects.toThrow(/lack bn\/beta/);
  });
});

describe('what is written comes back', () => {
  it.each(['keras2-model', 'keras3'] as const)('bit for bit with %s, the optimizer too', async (format) => {
    const state = {
      ...optimizer,
      settings: { learningRate: 3e-4, beta1: 0.8, beta2: 0.99, epsilon: 1e-8 },
    };
    const bytes = await writeKerasHdf5(weights, SMALL, { format, optimizer: state });
    const back = await readKerasHdf5(bytes, SMALL, 'x.h5', { optimizer: true });
    expect(differences(back.tensors, weights)).toEqual([]);
    expect(back.report).toMatchObject({ matchedBy: 'name', head: true, optimizer: true });
    expect(back.optimizer?.iterations).toBe(7);
    expect(differences(back.optimizer?.slots.m ?? new Map(), state.slots.m)).toEqual([]);
    expect(differences(back.optimizer?.slots.v ?? new Map(), state.slots.v)).toEqual([]);
    // Keras 3's weights keep the learning rate and nothing else of the settings.
    expect(back.optimizer?.settings).toEqual(format === 'keras3' ? { learningRate: 3e-4 } : state.settings);
    // Only where asked for.
    expect((await readKerasHdf5(bytes, SMALL)).optimizer).toBeUndefined();
  });

  it('with lists of names in pieces, where they take more than 64 KiB', async () => {
    const deep = densenetConfig('densenet121', {
      name: 'deep',
      blocks: [205, 205],
      growthRate: 1,
      bottleneck: 1,
      stemChannels: 2,
      classes: 2,
    });
    const own = randomWeights(deep);
    const bytes = await writeKerasHdf5(own, deep, { format: 'keras2-model', optimizer: randomAdam(deep) });
    await readHdf5(bytes, 'written', (root) => {
      for (const [path, name] of [
        ['model_weights', 'layer_names'],
        ['optimizer_weights', 'weight_names'],
      ]) {
        const attributes = Object.keys(childGroup(root, path)?.attrs ?? {});
        expect(attributes).toContain(`${name}1`);
        expect(attributes).not.toContain(name);
      }
    });
    const { tensors } = await readKerasHdf5(bytes, deep, 'x.h5', { optimizer: true });
    expect(tensors.size).toBe(parameterTable(deep).length);
    expect(differences(tensors, own)).toEqual([]);
  });
});

it('splits a list of names where tf_keras 2.21 did', async () => {
  // A DenseNet121 inside another model, its layers renamed: 604 tensors, 604 * 164 bytes, in two pieces of 302.
  const names = Array.from({ length: 604 }, (_, i) => `${i}`.padStart(164, '_'));
  const bytes = await makeHdf5((root) => writeStrings(root, 'weight_names', names));
  await readHdf5(bytes, 'pieces', (root) => {
    expect(Object.keys(root.attrs)).toEqual(['weight_names0', 'weight_names1']);
    for (const piece of Object.values(root.attrs)) expect(piece.shape).toEqual([302]);
    expect(stringsAttribute(root, 'weight_names')).toEqual(names);
  });
});

describe('writeKerasHdf5 refuses', () => {
  it("Adam's state where the file has no place for it", async () => {
    for (const options of [{ format: 'keras2' as const }, { format: 'keras3' as const, head: false }]) {
      await expect(writeKerasHdf5(weights, SMALL, { ...options, optimizer })).rejects.toThrow(UsageError);
    }
  });

  it.each([
    [
      'a missing moment',
      (s: typeof optimizer) => s.slots.m.delete('bn/gamma'),
      /lacks m of bn\/gamma \[68\]/,
    ],
    [
      'a moment of something that is not trained',
      (s: typeof optimizer) => s.slots.v.set('bn/moving_mean', new Float32Array(68)),
      /v of bn\/moving_mean, which densenet-1-1-1-1 does not train/,
    ],
    [
      'a wrong size',
      (s: typeof optimizer) => s.slots.v.set('bn/beta', new Float32Array(3)),
      /v of bn\/beta has 3 numbers/,
    ],
    [
      'NaN',
      (s: typeof optimizer) => s.slots.m.get('bn/beta')?.fill(Number.NaN, 2),
      /m of bn\/beta is NaN at position 2/,
    ],
    [
      'a negative v',
      (s: typeof optimizer) => s.slots.v.get('bn/beta')?.fill(-1, 3),
      /v of bn\/beta is -1 at position 3/,
    ],
    ['half an update', (s: typeof optimizer) => Object.assign(s, { iterations: 1.5 }), /counts 1\.5 updates/],
  ])('%s', async (_, spoil, message) => {
    const state = structuredClone(optimizer);
    spoil(state);
    const writing = () => writeKerasHdf5(weights, SMALL, { format: 'keras3', optimizer: state });
    await expect(writing()).rejects.toThrow(message);
    await expect(writing()).rejects.toThrow(WeightsError);
  });

  it('a format that there is not', async () => {
    const format = 'keras4' as 'keras3';
    await expect(writeKerasHdf5(weights, SMALL, { format })).rejects.toThrow(
      /Choose keras2, keras2-model, keras3/,
    );
  });
});
