/** HDF5 files in the layouts of real Keras, built in memory for a small network. */
import { readFileSync } from 'node:fs';
import { MT19937 } from '../../../../src/core/mt19937.js';
import { densenetConfig, parameterTable } from '../../../../src/densenet/architecture.js';
import {
  ensureGroup,
  makeHdf5,
  writeArray,
  writeString,
  writeStrings,
} from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { OPTIMIZERS } from '../../../../src/training/optimizers/index.js';
import type { OptimizerState } from '../../../../src/training/optimizers/state.js';
import type { WeightMap } from '../../../../src/training/parameterSpec.js';

/** The network of test/golden/keras/keras_layouts.json: four blocks of one layer each. */
export const SMALL = densenetConfig('densenet121', { name: 'densenet-1-1-1-1', blocks: [1, 1, 1, 1] });

/** Small enough to fill by hand; test/golden/keras/make_npz.py wrote its tensors. */
export const TINY = densenetConfig('densenet121', {
  name: 'tiny',
  blocks: [1, 1],
  growthRate: 4,
  bottleneck: 2,
  stemChannels: 8,
  classes: 3,
});

export interface H5Layout {
  /** [group, attribute, string or strings]; '' is the root. */
  attributes: [string, string, string | string[]][];
  /** [path, shape, number of the tensor in layer order, from 1; its slot s, from 1, is 1000 s more; 0 for zeros]. */
  datasets: [string, number[], number][];
  /** [path, NumPy's type, value]. */
  scalars?: [string, string, number][];
}

/** What real Keras wrote, by file name; made by test/golden/keras/make_keras_h5.py. */
export function kerasLayouts(): Record<string, H5Layout> {
  return JSON.parse(
    readFileSync(new URL('../../../golden/keras/keras_layouts.json', import.meta.url), 'utf8'),
  );
}

/** What real Keras wrote with Adam's state; made by test/golden/keras/make_keras_models.py. */
export function kerasModels(): Record<string, H5Layout & { written_by: string; model_config?: object }> {
  return JSON.parse(
    readFileSync(new URL('../../../golden/keras/keras_models.json', import.meta.url), 'utf8'),
  );
}

/** What real Keras wrote of other optimizers; made by test/golden/keras/optimizers/make_keras_optimizers.py. */
export function kerasOptimizers(): Record<string, H5Layout & { written_by: string }> {
  const path = new URL('../../../golden/keras/optimizers/keras_optimizers.json', import.meta.url);
  const files = JSON.parse(readFileSync(path, 'utf8')) as Record<
    string,
    H5Layout & { written_by: string; like: string }
  >;
  const models = kerasModels();
  return Object.fromEntries(
    Object.entries(files).map(([name, { like, ...own }]) => {
      const isModels = ([path, key]: readonly [string, unknown, unknown]) =>
        !path.startsWith('optimizer') && key !== 'training_config';
      const { attributes, datasets, scalars = [] } = models[like];
      const layout = {
        attributes: [...attributes.filter(isModels), ...own.attributes],
        datasets: [...datasets.filter(isModels), ...own.datasets],
        scalars: [...scalars.filter(isModels), ...(own.scalars ?? [])],
      };
      return [name, { ...layout, written_by: own.written_by }];
    }),
  );
}

/** Adam after some updates, with random moments. */
export function randomAdam(config = SMALL, seed = 1, iterations = 7): OptimizerState {
  return randomState('adam', config, seed, iterations);
}

/** An optimizer after some updates, with random slots. */
export function randomState(optimizer: string, config = SMALL, seed = 1, iterations = 7): OptimizerState {
  const { slots } = OPTIMIZERS.find(({ name }) => name === optimizer)!;
  const specs = parameterTable(config).filter((spec) => spec.trainable);
  const random = new MT19937(seed);
  const moments = (low: number) =>
    new Map(
      specs.map(({ key, size }) => [key, Float32Array.from({ length: size }, () => random.uniform(low, 1))]),
    );
  const drawn = Object.entries(slots).map(([slot, { nonNegative }]) => [slot, moments(nonNegative ? 0 : -1)]);
  return { optimizer, iterations, slots: Object.fromEntries(drawn), settings: {} };
}

/** Random numbers for a network, never zero, variances positive. */
export function randomWeights(config = SMALL, seed = 1): WeightMap {
  const random = new MT19937(seed);
  const value = (positive: boolean) => random.uniform(0.1, 1) * (positive || random.random() < 0.5 ? 1 : -1);
  return new Map(
    parameterTable(config).map(({ key, size, tensor }) => [
      key,
      Float32Array.from({ length: size }, () => value(tensor === 'moving_variance')),
    ]),
  );
}

/** Names of the tensors that are not the same, bit for bit, in both maps. */
export function differences(a: WeightMap, b: WeightMap): string[] {
  const bytes = (values: Float32Array | undefined) =>
    Buffer.from(values?.buffer ?? new ArrayBuffer(0), values?.byteOffset, values?.byteLength);
  const keys = [...new Set([...a.keys(), ...b.keys()])];
  return keys.filter((key) => !a.has(key) || !b.has(key) || !bytes(a.get(key)).equals(bytes(b.get(key))));
}

export interface StringStyle {
  /** h5py 3 stores lists of str with variable length, h5py 2 and lists of bytes with fixed length. */
  variableLength?: boolean;
  /** Longest attribute in bytes; longer ones are stored in pieces. */
  limit?: number;
}

/** Builds the file with tensor i of the layout holding the network's i-th tensor. */
export function buildFile(
  layout: H5Layout,
  weights: WeightMap,
  { variableLength = false, limit }: StringStyle = {},
  optimizer?: OptimizerState,
): Promise<Uint8Array> {
  const tensors = [...weights];
  const numbered = (number: number, size: number): Float32Array => {
    if (number === 0) return new Float32Array(size);
    const [key, values] = tensors[(number % 1000) - 1];
    if (number < 1000) return values;
    const slot = Object.values(optimizer?.slots ?? {})[Math.floor(number / 1000) - 1];
    return slot?.get(key) ?? new Float32Array(size).fill(number);
  };
  return makeHdf5((root) => {
    for (const [path, name, value] of layout.attributes) {
      const group = path ? ensureGroup(root, path) : root;
      if (typeof value === 'string') {
        if (variableLength) group.create_attribute(name, value);
        else writeString(group, name, value);
      } else if (variableLength && value.length > 0) group.create_attribute(name, value);
      else writeStrings(group, name, value, limit);
    }
    for (const [path, shape, number] of layout.datasets) {
      const size = shape.reduce((product, n) => product * n, 1);
      writeArray(root, path, numbered(number, size), shape);
    }
    for (const [path, type, value] of layout.scalars ?? []) {
      const data = type === 'int64' ? BigInt64Array.of(BigInt(value)) : Float32Array.of(value);
      writeArray(root, path, data, []);
    }
  });
}
