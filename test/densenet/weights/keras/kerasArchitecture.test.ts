/** What a Keras file says of its own network is taken over, or refused by the layer's name. */
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { type DenseNetConfig, layerTable, parameterTable } from '../../../../src/densenet/architecture.js';
import { makeHdf5, writeStrings } from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { modelConfig } from '../../../../src/densenet/weights/keras/kerasModelConfig.js';
import type { KerasReadOptions, KerasWeights } from '../../../../src/densenet/weights/keras/kerasRead.js';
import { golden } from '../../../support/golden/parity.js';
import { kerasModels, randomWeights, SMALL, TINY } from './h5Fixtures.js';

interface Entry {
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[][][];
}

interface Model {
  class_name: string;
  config: { layers: Entry[] };
}

const flat = (layer: string) => layer.replaceAll('/', '_');
const describeModel = (config: DenseNetConfig): Model =>
  structuredClone(modelConfig(config, layerTable(config), parameterTable(config), flat)) as Model;

const weights = randomWeights(TINY);
const bare = await writeKerasHdf5(weights, TINY);

/** Reads TINY's weights with what `model` says of them. */
const read = (model: unknown, options: KerasReadOptions = {}): Promise<KerasWeights> =>
  readKerasHdf5(bare, TINY, 'x.h5', { modelConfig: JSON.stringify(model), ...options });

/** TINY's own description with one layer, or all of a class, changed. */
function changed(which: string, change: (entry: Entry) => void): Model {
  const model = describeModel(TINY);
  for (const entry of model.config.layers) {
    if (entry.class_name === which || entry.config.name === which) change(entry);
  }
  return model;
}

const set = (which: string, settings: Record<string, unknown>) =>
  changed(which, (entry) => Object.assign(entry.config, settings));

/** With layers put in front of one. */
function inserted(before: string, ...entries: [className: string, config: Record<string, unknown>][]): Model {
  const model = describeModel(TINY);
  const { layers } = model.config;
  for (const [class_name, config] of entries) {
    const at = layers.findIndex((entry) => entry.config.name === before);
    const name = `extra_${class_name}`;
    layers.splice(at, 0, {
      class_name,
      config: { name, ...config },
      inbound_nodes: structuredClone(layers[at].inbound_nodes),
    });
    layers[at + 1].inbound_nodes = [[[name, 0, 0, {}]]];
  }
  return model;
}

describe('taken over from model_config', () => {
  it('the activation', async () => {
    const { config, report } = await read(set('dense_1', { activation: 'softmax' }));
    expect(config.activation).toBe('softmax');
    expect(report).toMatchObject({ activationBy: 'file', bnEpsilonBy: 'file', activationInFile: 'softmax' });
  });

  it('the activation in other words: as a function, as a layer behind', async () => {
    const asFunction = { class_name: 'function', config: 'softmax' };
    expect((await read(set('dense_1', { activation: asFunction }))).config.activation).toBe('softmax');
    const behind: [string, Record<string, unknown>][] = [
      ['Softmax', { axis: -1 }],
      ['Activation', { activation: 'softmax' }],
    ];
    for (const [class_name, config] of behind) {
      const model = set('dense_1', { activation: 'linear' });
      const inbound_nodes = [[['dense_1', 0, 0, {}]]];
      model.config.layers.push({ class_name, config: { name: 'last', ...config }, inbound_nodes });
      expect((await read(model)).config.activation).toBe('softmax');
    }
  });

  it("the batch norms' epsilon and momentum; momenta that differ leave the configuration's", async () => {
    const norms = await read(set('BatchNormalization', { epsilon: 1e-3, momentum: 0.9 }));
    expect(norms.config).toMatchObject({ bnEpsilon: 1e-3, bnMomentum: 0.9 });
    const one = await read(set('bn', { momentum: 0.5 }));
    expect(one.config.bnMomentum).toBe(TINY.bnMomentum);
  });

  it('the scale of the pixels and their size, past layers that do nothing', async () => {
    const model = inserted(
      'zero_padding2d_1',
      ['Rescaling', { scale: 1 / 127.5, offset: -1 }],
      ['RandomFlip', {}],
    );
    model.config.layers[0].config.batch_input_shape = [null, 96, 96, 3];
    const { rescaling, report } = await read(model);
    expect(rescaling).toEqual({ scale: 1 / 127.5, offset: -1 });
    expect(report).toMatchObject({ inputSize: 96, idle: ['extra_RandomFlip (RandomFlip)'] });
  });

  it('dropout, linear activations and a flatten behind the pooling change nothing', async () => {
    const { report } = await read(
      inserted(
        'dense_1',
        ['Flatten', {}],
        ['Dropout', { rate: 0.5 }],
        ['Activation', { activation: 'linear' }],
      ),
    );
    expect(report.idle).toEqual(['extra_Dropout (Dropout)']);
  });

  it('channels first in all layers: the same numbers', async () => {
    const model = describeModel(TINY);
    for (const { class_name, config } of model.config.layers) {
      if ('data_format' in config) config.data_format = 'channels_first';
      if ('axis' in config) config.axis = class_name === 'Concatenate' ? 1 : [1];
    }
    expect((await read(model)).config).toMatchObject({ classes: 3, inputChannels: 3 });
  });

  it('out of the file itself, where convert and model.save put it', async () => {
    const soft = { ...TINY, activation: 'softmax' as const, bnEpsilon: 1e-3, bnMomentum: 0.9 };
    const bytes = await writeKerasHdf5(weights, soft, { format: 'keras2-model' });
    const { config, report } = await readKerasHdf5(bytes, TINY);
    expect(config).toEqual(soft);
    expect(report.layout).toBe('model.save');
  });

  const said = golden<Record<string, Model>>('keras/keras_architectures.json');
  it.each(Object.keys(said))('from %s', async (name) => {
    const isFunctional = name.endsWith('functional');
    const classes = isFunctional ? 2 : 3;
    const own = { ...SMALL, classes };
    const bytes = await writeKerasHdf5(randomWeights(own), own);
    const got = await readKerasHdf5(bytes, SMALL, 'x.h5', { modelConfig: JSON.stringify(said[name]) });
    expect(got.config).toEqual({ ...own, activation: 'softmax' });
    expect(got.report.inputSize).toBe(isFunctional ? null : 64);
    expect(got.rescaling).toEqual(isFunctional ? null : { scale: 1 / 127.5, offset: -1 });
  });

  it('from a base without its head, with its pooling or without', async () => {
    const base = await writeKerasHdf5(weights, TINY, { head: false });
    for (const left of [1, 2]) {
      const model = set('BatchNormalization', { epsilon: 1e-3 });
      model.config.layers.splice(-left);
      const { config, report } = await readKerasHdf5(base, TINY, 'x.h5', {
        modelConfig: JSON.stringify(model),
      });
      expect(config).toEqual({ ...TINY, bnEpsilon: 1e-3 });
      expect(report).toMatchObject({ head: false, activationBy: 'nobody', activationInFile: null });
    }
    const other = set('BatchNormalization', { epsilon: 1e-3 });
    other.config.layers.pop();
    other.config.layers.at(-1)!.class_name = 'GlobalMaxPooling2D';
    const reading = readKerasHdf5(base, TINY, 'x.h5', { modelConfig: JSON.stringify(other) });
    await expect(reading).rejects.toThrow(/is GlobalMaxPooling2D/);
  });

  it('from Keras 2.3.1', async () => {
    const bytes = await writeKerasHdf5(randomWeights(SMALL), SMALL);
    const json = JSON.stringify(kerasModels()['keras2.3_model.h5'].model_config);
    const { config } = await readKerasHdf5(bytes, { ...SMALL, bnEpsilon: 0.5 }, 'x.h5', {
      modelConfig: json,
    });
    expect(config).toEqual(SMALL);
  });
});

describe('said by the caller', () => {
  it('it goes before the file, and is said to', async () => {
    const model = set('dense_1', { activation: 'softmax' });
    const { config, report } = await read(model, { activation: 'sigmoid', bnEpsilon: 0.01 });
    expect(config).toMatchObject({ activation: 'sigmoid', bnEpsilon: 0.01 });
    expect(report).toMatchObject({
      activationBy: 'caller',
      bnEpsilonBy: 'caller',
      activationInFile: 'softmax',
    });
  });

  it('for weights alone, which say nothing', async () => {
    const assumed = await readKerasHdf5(bare, TINY);
    expect(assumed.config).toEqual(TINY);
    expect(assumed.report).toMatchObject({ activationBy: 'nobody', bnEpsilonBy: 'nobody', inputSize: null });
    const told = await readKerasHdf5(bare, TINY, 'x.h5', { activation: 'softmax', bnEpsilon: 1e-3 });
    expect(told.config).toEqual({ ...TINY, activation: 'softmax', bnEpsilon: 1e-3 });
  });

  it('for logits, which are no probabilities', async () => {
    for (const activation of ['linear', null]) {
      const model = set('dense_1', { activation });
      await expect(read(model)).rejects.toThrow(/x\.h5 says that its outputs are logits.*`activation`/);
      expect((await read(model, { activation: 'sigmoid' })).config.activation).toBe('sigmoid');
    }
  });
});

describe('refused by name', () => {
  const renamedTo = (which: string, class_name: string) =>
    changed(which, (entry) => Object.assign(entry, { class_name }));
  const cases: [string, Model, RegExp][] = [
    [
      'another activation',
      set('dense_1', { activation: 'tanh' }),
      /layer dense_1 \(Dense\) .* activation tanh/,
    ],
    ['a hard sigmoid', set('dense_1', { activation: 'hard_sigmoid' }), /activation hard_sigmoid/],
    [
      'two activations',
      (() => {
        const model = describeModel(TINY);
        const inbound_nodes = [[['dense_1', 0, 0, {}]]];
        model.config.layers.push({ class_name: 'Softmax', config: { name: 's' }, inbound_nodes });
        return model;
      })(),
      /dense_1 \(Dense\) has the activation sigmoid and then softmax/,
    ],
    [
      'another pooling',
      renamedTo('GlobalAveragePooling2D', 'GlobalMaxPooling2D'),
      /global_average_pooling2d_1 is GlobalMaxPooling2D, tiny has GlobalAveragePooling2D/,
    ],
    [
      'a max pool in a transition',
      renamedTo('pool2_pool', 'MaxPooling2D'),
      /layer pool2_pool is MaxPooling2D/,
    ],
    [
      'elu',
      set('conv3_block1_1_relu', { activation: 'elu' }),
      /layer conv3_block1_1_relu is Activation 'elu'/,
    ],
    ['relu6', set('conv1_relu', { activation: 'relu6' }), /conv1_relu is Activation 'relu6'/],
    ['a leaky layer', renamedTo('conv1_relu', 'LeakyReLU'), /layer conv1_relu is LeakyReLU/],
    [
      'a relu with a bound',
      changed('relu', (entry) =>
        Object.assign(entry, { class_name: 'ReLU', config: { name: 'relu', max_value: 6 } }),
      ),
      /layer relu is ReLU 'relu with max_value 6'/,
    ],
    [
      'a relu with a slope',
      changed('relu', (entry) =>
        Object.assign(entry, { class_name: 'ReLU', config: { name: 'relu', negative_slope: 0.1 } }),
      ),
      /relu with negative_slope 0\.1/,
    ],
    [
      'an activation in a convolution',
      set('conv1_conv', { activation: 'relu' }),
      /layer conv1_conv \(Conv2D\) has activation relu, not linear/,
    ],
    [
      'one epsilon of its own',
      set('pool2_bn', { epsilon: 1e-3 }),
      /layer pool2_bn .* has the epsilon 0\.001, layer conv1_bn 0\.00001001/,
    ],
    ['an epsilon that is none', set('BatchNormalization', { epsilon: 'small' }), /epsilon "small"/],
    ['a batch norm of another axis', set('conv1_bn', { axis: 1 }), /layer conv1_bn .* has axis 1/],
    ['renormalisation', set('conv1_bn', { renorm: true }), /conv1_bn .* has renorm true/],
    [
      'mixed orders of axes',
      set('conv1_conv', { data_format: 'channels_first' }),
      /layer conv1_conv has channels in the order channels_first, layer zero_padding2d_1 channels_last/,
    ],
    [
      'another padding',
      set('zero_padding2d_1', {
        padding: [
          [2, 3],
          [2, 3],
        ],
      }),
      /layer zero_padding2d_1 .* padding \[\[2,3\],\[2,3\]\], not 3 on every side/,
    ],
    [
      'a stem that pads itself',
      set('conv1_conv', { padding: 'same' }),
      /layer conv1_conv \(Conv2D\) has padding same, not valid/,
    ],
    [
      'a convolution without border',
      set('conv2_block1_2_conv', { padding: 'valid' }),
      /conv2_block1_2_conv .* has padding valid, not same/,
    ],
    [
      'another stride',
      set('conv1_conv', { strides: [1, 1] }),
      /conv1_conv .* has strides \[1,1\], not \[2,2\]/,
    ],
    ['a dilation', set('conv2_block1_2_conv', { dilation_rate: 2 }), /dilation_rate \[2,2\], not \[1,1\]/],
    ['groups', set('conv2_block1_2_conv', { groups: 2 }), /groups 2, not 1/],
    [
      'another pool',
      set('pool1', { pool_size: [2, 2] }),
      /layer pool1 \(MaxPooling2D\) has pool_size \[2,2\], not \[3,3\]/,
    ],
    ['a pool that pads itself', set('pool1', { padding: 'same' }), /layer pool1 .* has padding same/],
    ['another axis to concatenate on', set('Concatenate', { axis: 1 }), /conv2_block1_concat .* axis 1/],
    [
      'channels concatenated the other way round',
      changed('conv3_block1_concat', (entry) => entry.inbound_nodes[0].reverse()),
      /conv3_block1_concat .* reads conv3_block1_2_conv and pool2_pool, not pool2_pool and conv3_block1_2_conv/,
    ],
    [
      'a shortcut',
      changed('conv3_block1_1_relu', (entry) => {
        entry.inbound_nodes = [[['conv3_block1_1_conv', 0, 0, {}]]];
      }),
      /conv3_block1_1_relu .* reads conv3_block1_1_conv, not conv3_block1_1_bn/,
    ],
    [
      'a Lambda',
      inserted('zero_padding2d_1', ['Lambda', {}]),
      /layer extra_Lambda is Lambda, tiny has ZeroPadding2D/,
    ],
    [
      'a normalisation of the pixels',
      inserted('zero_padding2d_1', ['Normalization', {}]),
      /is Normalization/,
    ],
    [
      'a scale for each channel',
      inserted('zero_padding2d_1', ['Rescaling', { scale: [1, 2, 3] }]),
      /extra_Rescaling \(Rescaling\) has scale \[1,2,3\]/,
    ],
    [
      'a scale behind the stem',
      inserted('conv1_bn', ['Rescaling', { scale: 2 }]),
      /extra_Rescaling is Rescaling/,
    ],
    [
      'a layer too few',
      ((m) => ({
        ...m,
        config: { layers: m.config.layers.filter(({ config }) => config.name !== 'pool1') },
      }))(describeModel(TINY)),
      /tiny has MaxPooling2D \(pool1\)/,
    ],
  ];
  it.each(cases)('%s', async (_, model, message) => {
    await expect(read(model)).rejects.toThrow(message);
    await expect(read(model)).rejects.toThrow(WeightsError);
    await expect(read(model)).rejects.toThrow(/^x\.h5/);
  });

  it.each([
    ['no JSON', '{"class_name": "Model", "con'],
    ['no model', '{"loss": []}'],
    ['a list', '[]'],
    ['a layer that is none', '{"class_name":"Model","config":{"layers":[3]}}'],
    ['models within models', `${'{"class_name":"Sequential","config":['.repeat(40)}${']}'.repeat(40)}`],
    ['a number', '5'],
  ])('a description that is %s', async (_, modelConfig) => {
    const reading = readKerasHdf5(bare, TINY, 'x.h5', { modelConfig });
    await expect(reading).rejects.toThrow(/x\.h5 does not say in readable words how its network is built/);
  });

  it('a description that is no text', async () => {
    const bytes = await makeHdf5((root) => {
      root.create_attribute('model_config', new Float64Array(2), [2]);
      writeStrings(root, 'layer_names', []);
    });
    await expect(readKerasHdf5(bytes, TINY, 'x.h5')).rejects.toThrow(/model_config\), but not in a text/);
  });
});
