/** Adam's state out of files as real Keras writes them (test/golden/keras/keras_models.json). */
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { parameterTable } from '../../../../src/densenet/architecture.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { adamw as makeAdamw, sgd as makeSgd } from '../../../../src/training/optimizers/index.js';
import type { OptimizerState } from '../../../../src/training/optimizers/state.js';
import {
  buildFile,
  differences,
  type H5Layout,
  kerasLayouts,
  kerasModels,
  kerasOptimizers,
  randomAdam,
  randomState,
  randomWeights,
  SMALL,
  TINY,
} from './h5Fixtures.js';

const models = kerasModels();
const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const weights = randomWeights(SMALL);
const optimizer = randomAdam(SMALL);

const read = (bytes: Uint8Array) => readKerasHdf5(bytes, SMALL, 'x.h5', { optimizer: true });

const edited = (name: string, edit: (layout: H5Layout) => void): Promise<Uint8Array> => {
  const layout = structuredClone(models[name]);
  edit(layout);
  return buildFile(layout, weights, { limit: 60_000 }, optimizer);
};

/** Changes the JSON of an attribute on the root. */
function editJson(layout: H5Layout, name: string, edit: (value: Record<string, unknown>) => void): void {
  const row = layout.attributes.find(([path, key]) => path === '' && key === name);
  if (!row) throw new Error(`There is no ${name}.`);
  const value = JSON.parse(String(row[2]));
  edit(value);
  row[2] = JSON.stringify(value);
}

/** A list of names in an attribute of a group, to be changed in place. */
function listOf(layout: H5Layout, group: string, name: string): string[] {
  const list = layout.attributes.find(([path, key]) => path === group && key === name)?.[2];
  if (!Array.isArray(list)) throw new Error(`There is no ${name} in ${group}.`);
  return list;
}

const namesOf = (layout: H5Layout) => listOf(layout, 'optimizer_weights', 'weight_names');

describe("readKerasHdf5 reads Adam's state", () => {
  const known = ['learningRate', 'beta1', 'beta2', 'epsilon'];
  const expected: Record<string, { settings: string[]; nested?: boolean }> = {
    'keras2.3_model.h5': { settings: known },
    'keras3.weights.h5': { settings: ['learningRate'] },
    'keras3_model.h5': { settings: known },
    'tf_keras.weights.h5': { settings: [] },
    'tf_keras_legacy_adam.h5': { settings: known },
    'tf_keras_model.h5': { settings: known },
    'tf_keras_nested.h5': { settings: known, nested: true },
  };
  it('of all files that real Keras made', () => {
    expect(Object.keys(models)).toEqual(Object.keys(expected));
  });

  for (const variableLength of [false, true]) {
    it.each(Object.keys(expected))(
      `of %s${variableLength ? ', names of variable length' : ''}`,
      async (name) => {
        const bytes = await buildFile(models[name], weights, { variableLength }, optimizer);
        const { tensors, report, optimizer: state } = await read(bytes);
        const { settings, nested = false } = expected[name];
        expect(report).toMatchObject({ head: true, nested, optimizer: true });
        expect(differences(tensors, weights)).toEqual([]);
        expect(state?.iterations).toBe(7);
        expect(differences(state?.slots.m ?? new Map(), optimizer.slots.m)).toEqual([]);
        expect(differences(state?.slots.v ?? new Map(), optimizer.slots.v)).toEqual([]);
        // Kept as float32 there; the decimal number that was meant is read.
        const wanted = Object.entries(defaults).filter(([field]) => settings.includes(field));
        expect(state?.settings).toEqual(Object.fromEntries(wanted));
      },
    );
  }

  it('in the order of the layers of the file, where that is another', async () => {
    const reverse = (layout: H5Layout) => {
      listOf(layout, 'model_weights', 'layer_names').reverse();
      // The optimizer of that model keeps its variables in that order as well.
      const names = namesOf(layout);
      const [count, ...moments] = names.splice(0);
      const byLayer = new Map<string, string[]>();
      for (const path of moments) {
        const layer = path.replace(/^Adam\/[mv]\/(.*)\/\w+:0$/, '$1');
        byLayer.set(layer, [...(byLayer.get(layer) ?? []), path]);
      }
      names.push(count, ...[...byLayer.values()].reverse().flat());
    };
    const { optimizer: state, report } = await read(await edited('tf_keras_model.h5', reverse));
    expect(report.matchedBy).toBe('name');
    expect(differences(state?.slots.m ?? new Map(), optimizer.slots.m)).toEqual([]);
    expect(differences(state?.slots.v ?? new Map(), optimizer.slots.v)).toEqual([]);
  });

  it('only where asked for, and says whether there is one', async () => {
    const bytes = await buildFile(models['keras3_model.h5'], weights, {}, optimizer);
    const plain = await readKerasHdf5(bytes, SMALL);
    expect(plain.optimizer).toBeUndefined();
    expect(plain.report.optimizer).toBe(true);
    const without = await readKerasHdf5(await writeKerasHdf5(weights, SMALL), SMALL);
    expect(without.report.optimizer).toBe(false);
  });
});

describe('readKerasHdf5 reads the state of other optimizers', () => {
  const files = kerasOptimizers();
  const sgd = { learningRate: 0.05, momentum: 0.75, nesterov: true };
  const plain = { learningRate: 0.05, momentum: 0, nesterov: false };
  const adamw = { ...defaults, learningRate: 0.002, weightDecay: 0.25, decayAll: true };
  const expected: Record<string, [optimizer: string, settings: object]> = {
    'keras2.3_sgd.h5': ['sgd', sgd],
    'keras2.3_sgd_plain.h5': ['sgd', plain],
    'keras3_adamw.h5': ['adamw', adamw],
    'keras3_adamw.weights.h5': ['adamw', { learningRate: 0.002 }],
    'keras3_sgd.h5': ['sgd', sgd],
    'keras3_sgd.weights.h5': ['sgd', { learningRate: 0.05 }],
    'keras3_sgd_plain.h5': ['sgd', plain],
    'keras3_sgd_plain.weights.h5': ['sgd', { learningRate: 0.05 }],
    'tf_keras_adamw.h5': ['adamw', adamw],
    // It says no name; by the number of slots it might be Adam's as well.
    'tf_keras_adamw.weights.h5': ['adam', {}],
    'tf_keras_legacy_sgd.h5': ['sgd', sgd],
    'tf_keras_legacy_sgd_plain.h5': ['sgd', plain],
    'tf_keras_sgd.h5': ['sgd', sgd],
    'tf_keras_sgd.weights.h5': ['sgd', {}],
    'tf_keras_sgd_plain.h5': ['sgd', plain],
  };
  const refused = {
    'keras2.3_adagrad.h5': /Adagrad, not of/,
    'keras3_rmsprop.weights.h5': /'rm_sprop', not of/,
  };

  it('of all files that real Keras made', () => {
    expect(Object.keys(files).sort()).toEqual([...Object.keys(expected), ...Object.keys(refused)].sort());
  });

  it.each(Object.entries(expected))('%s', async (name, [optimizer, settings]) => {
    const written = randomState(optimizer);
    const { optimizer: state } = await read(await buildFile(files[name], weights, {}, written));
    expect(state).toMatchObject({ optimizer, iterations: 7 });
    expect(state?.settings).toEqual(settings);
    const kept = files[name].datasets.some(([path]) => path.startsWith('optimizer'));
    for (const [slot, values] of Object.entries(state?.slots ?? {})) {
      if (kept) expect(differences(values, written.slots[slot])).toEqual([]);
      else for (const own of values.values()) expect(own.every((x) => x === 0)).toBe(true);
    }
  });

  it('of the one that is asked for, with its settings where the file has none', async () => {
    const bytes = await buildFile(files['keras3_sgd.weights.h5'], weights, {}, randomState('sgd'));
    const optimizer = makeSgd({ momentum: 0.9 });
    const { optimizer: state } = await readKerasHdf5(bytes, SMALL, 'x.h5', { optimizer });
    expect(state?.settings).toEqual({ learningRate: 0.05, momentum: 0.9 });
    // A file that says no name is whose it is asked for.
    const unnamed = await buildFile(files['tf_keras_adamw.weights.h5'], weights, {}, randomState('adamw'));
    const found = await readKerasHdf5(unnamed, SMALL, 'x.h5', { optimizer: makeAdamw() });
    expect(found.optimizer?.optimizer).toBe('adamw');
    const other = readKerasHdf5(bytes, SMALL, 'x.h5', { optimizer: makeAdamw() });
    await expect(other).rejects.toThrow(
      /state of the optimizer SGD, not of AdamW\. Read the weights without/,
    );
    await expect(other).rejects.toThrow(WeightsError);
  });

  it.each(Object.entries(refused))('%s is refused', async (name, message) => {
    await expect(read(await buildFile(files[name], weights))).rejects.toThrow(message);
  });
});

describe('readKerasHdf5 refuses, with the weights untouched by it', () => {
  /** The message when the state is asked for; without it the weights of the same file must load. */
  async function refusal(bytes: Uint8Array): Promise<string> {
    const { tensors } = await readKerasHdf5(bytes, SMALL);
    expect(differences(tensors, weights)).toEqual([]);
    const error: unknown = await read(bytes).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightsError);
    const { message } = error as WeightsError;
    expect(message).toMatch(/^x\.h5/);
    expect(message).not.toContain('\n');
    return message;
  }

  it('a file without a state', async () => {
    const bytes = await buildFile(kerasLayouts()['keras2_save_weights.h5'], weights);
    expect(await refusal(bytes)).toMatch(/holds no optimizer's state\. Read the weights without it/);
  });

  it.each([
    ['RMSprop', { class_name: 'RMSprop' }, {}, /state of the optimizer RMSprop, not of Adam/],
    ['amsgrad', {}, { amsgrad: true }, /Adam with amsgrad true/],
    ['decay', {}, { decay: 0.01 }, /Adam with decay 0\.01/],
    ['clipping', {}, { clipnorm: 1 }, /Adam with clipnorm 1/],
    [
      'a schedule',
      {},
      { learning_rate: { class_name: 'CosineDecay' } },
      /learning_rate \{"class_name":"CosineDecay"\}/,
    ],
  ])('%s', async (_, optimizerConfig, config, message) => {
    const bytes = await edited('tf_keras_model.h5', (layout) =>
      editJson(layout, 'training_config', (value) => {
        const own = value.optimizer_config as { config: object };
        value.optimizer_config = { ...own, ...optimizerConfig, config: { ...own.config, ...config } };
      }),
    );
    expect(await refusal(bytes)).toMatch(message);
  });

  it('a state whose optimizer is not said', async () => {
    const bytes = await edited('tf_keras_model.h5', (layout) => {
      layout.attributes = layout.attributes.filter(([, key]) => key !== 'training_config');
    });
    expect(await refusal(bytes)).toMatch(/does not say which optimizer/);
    const adamax = await edited('keras3.weights.h5', (layout) => {
      for (const row of layout.attributes) if (row[0] === 'optimizer/vars') row[2] = 'adamax_2';
    });
    expect(await refusal(adamax)).toMatch(/the optimizer 'adamax_2', not of Adam/);
  });

  it('a state of fewer tensors, as of a model whose base was frozen', async () => {
    const bytes = await edited('tf_keras_model.h5', (layout) => {
      const names = namesOf(layout);
      names.splice(1, names.length - 5);
    });
    expect(await refusal(bytes)).toMatch(/keeps 4 moments; Adam has 80, two for each of the 40 tensors/);
  });

  it('a moment that is named but absent, or missing in Keras 3', async () => {
    const absent = await edited('keras2.3_model.h5', (layout) => {
      layout.datasets = layout.datasets.filter(([path]) => !/training\/Adam\/v_5(_\d+)?:0$/.test(path));
    });
    expect(await refusal(absent)).toMatch(
      /names a tensor 'optimizer_weights\/training\/Adam\/v_5.*does not hold it/,
    );
    const missing = await edited('keras3.weights.h5', (layout) => {
      layout.datasets = layout.datasets.filter(([path]) => path !== 'optimizer/vars/40');
    });
    expect(await refusal(missing)).toMatch(/keeps 38 moments; Adam has 80/);
  });

  it("another network's shapes, naming tensor, shape found and shape wanted", async () => {
    const bytes = await edited('keras3_model.h5', (layout) => {
      for (const row of layout.datasets) {
        if (row[0] === 'optimizer_weights/adam/pool2_conv_kernel_velocity') row[1] = [1, 1, 48, 96];
      }
    });
    expect(await refusal(bytes)).toMatch(
      /keeps v of pool2_conv\/kernel with shape \[1, 1, 48, 96\], densenet-1-1-1-1 wants \[1, 1, 96, 48\]/,
    );
  });

  it('no count of updates, or one below zero', async () => {
    const none = await edited('tf_keras_model.h5', (layout) => {
      namesOf(layout).shift();
    });
    expect(await refusal(none)).toMatch(/does not begin as Adam's/);
    const below = await edited('tf_keras_model.h5', (layout) => {
      if (layout.scalars) layout.scalars[0][2] = -1;
    });
    expect(await refusal(below)).toMatch(/counts -1 updates/);
  });

  it.each([
    [
      'NaN in m',
      (s: OptimizerState) => s.slots.m.get('bn/beta')?.fill(Number.NaN, 2),
      /m of bn\/beta is NaN at position 2/,
    ],
    [
      'v below zero',
      (s: OptimizerState) => s.slots.v.get('bn/beta')?.fill(-1, 3),
      /v of bn\/beta is -1 at position 3/,
    ],
  ])('%s', async (_, spoil, message) => {
    const state = structuredClone(optimizer);
    spoil(state);
    expect(await refusal(await buildFile(models['keras3.weights.h5'], weights, {}, state))).toMatch(message);
  });

  it('a file cut short, wherever the cut is', async () => {
    const bytes = await writeKerasHdf5(randomWeights(TINY), TINY, {
      format: 'keras2-model',
      optimizer: randomAdam(TINY),
    });
    for (const length of [60, bytes.length >> 2, bytes.length >> 1, bytes.length - 1]) {
      const reading = readKerasHdf5(bytes.slice(0, length), TINY, 'x.h5', { optimizer: true });
      await expect(reading).rejects.toThrow(/cut short/);
    }
    expect((await readKerasHdf5(bytes, TINY, 'x.h5', { optimizer: true })).optimizer?.slots.m.size).toBe(
      parameterTable(TINY).filter((spec) => spec.trainable).length,
    );
  });
});
