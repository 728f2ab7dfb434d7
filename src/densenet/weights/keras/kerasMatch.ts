/**
 * Which tensor of a Keras file belongs to which tensor of the network, and checks that nothing is off before
 * anything is taken over.
 */

import { WeightsError } from '../../../core/errors.js';
import { plural } from '../../../core/formatting.js';
import type { ParameterSpec } from '../../../training/parameterSpec.js';
import {
  type DenseNetConfig,
  densenetConfig,
  layerTable,
  NETWORK_NAMES,
  parameterTable,
} from '../../architecture.js';
import type { WeightsReadOptions } from '../format.js';
import { HEAD_HINT, NO_HEAD, shapeText } from '../matchTensors.js';
import { type FoundLayers, recogniseNetwork } from '../recognise.js';
import type { StoredLayer, StoredLayers, StoredTensor } from '../storedLayers.js';
import { type KernelOrder, storedShape } from './kernelOrder.js';

export interface Match {
  pairs: { spec: ParameterSpec; tensor: StoredTensor }[];
  /** The network asked for, with the input channels and the classes that the file has. */
  config: DenseNetConfig;
  /** Whether the file has the classifier as well as the base. */
  head: boolean;
  /** How layers were paired: 'name' where all names agree, else by their 'order', as Keras does. */
  matchedBy: 'name' | 'order' | 'class';
  /** 'oihw' in files of Keras 1 with Theano's dimension ordering. */
  kernelOrder: KernelOrder;
  /** Layers with weights that were not taken, because another was named as the head. */
  leftOver: string[];
}

interface WantedLayer {
  name: string;
  /** Keras 3 class in snake case. */
  className: string;
  specs: ParameterSpec[];
}

/**
 * Pairs the file's layers with the network's. Like Keras' load_weights, layers without weights do not
 * count and the rest are paired in order; where the names agree they decide. How many channels and classes there
 * are, the file says. Throws WeightsError naming the layer, the shape found and the shape wanted.
 * @param options of reading: `head`, of several layers behind the base, the classifier, or 'none' for the base alone;
 *   `recognise`, whether the file may be of another network than `expected`
 */
export function matchLayers(
  stored: StoredLayers,
  expected: DenseNetConfig,
  fileName: string,
  { head: headName, recognise = false }: Pick<WeightsReadOptions, 'head' | 'recognise'> = {},
): Match {
  const asked = (recognise && recogniseNetwork(layersFound(stored), expected)) || expected;
  const { base, rest, matchedBy } = splitBase(stored, wantedLayers(asked).slice(0, -1));
  const chosen = headName === undefined ? rest : rest.filter(({ name }) => name === headName);
  if (headName !== undefined && headName !== NO_HEAD && chosen.length === 0) {
    throw new WeightsError(
      `${fileName} has no layer '${headName}' behind the base of ${asked.name}, but ${layerWords(rest)}.`,
    );
  }
  const head = chosen.length === 1;
  const layers = head ? [...base, chosen[0]] : base;
  const kernelOrder = findKernelOrder(stored, layers, wantedLayers(asked));
  const config = withEnds(asked, layers, head, kernelOrder);
  const all = wantedLayers(config);
  const wanted = head ? all : all.slice(0, -1);
  const differs = firstDifference(layers, wanted, config, kernelOrder);
  if (base.length < all.length - 1 || chosen.length > 1) {
    if (!differs && chosen.length > 1) {
      throw new WeightsError(
        `${fileName} holds the base of ${config.name} and behind it ${layerWords(rest)}; its head is one dense layer.`,
        HEAD_HINT,
      );
    }
    const fitting = NETWORK_NAMES.find((name) => {
      const count = wantedLayers(densenetConfig(name)).length;
      return name !== config.name && (stored.layers.length === count || stored.layers.length === count - 1);
    });
    const where = differs ? ` First difference: ${differs}.` : '';
    throw new WeightsError(
      `${fileName} holds ${plural(stored.layers.length, 'layer')} with weights, ${config.name} has ` +
        `${all.length} (${all.length - 1} without the head).${where}`,
      fitting
        ? `It has as many as ${fitting}: name that network (\`network\`).`
        : 'It is the file of another network.',
    );
  }
  if (differs)
    throw new WeightsError(`${fileName} does not fit: ${differs}.`, 'It is the file of another network.');
  const pairs = wanted.flatMap((layer, l) =>
    layer.specs.map((spec, t) => ({ spec, tensor: layers[l].tensors[t] })),
  );
  const leftOver = rest.filter((layer) => !layers.includes(layer)).map(({ name }) => name);
  return { pairs, config, head, matchedBy, kernelOrder, leftOver };
}

/** What tells the network. */
function layersFound({ layers }: StoredLayers): FoundLayers {
  const named = layers.map((layer) => ({ ...layer, name: plainName(layer.name) }));
  const kernels = named.flatMap(({ name, tensors: [first] }) =>
    first?.shape.length === 4 ? [{ name, shape: first.shape }] : [],
  );
  const norms = named.filter(({ tensors }) => tensors.length === 4);
  const last = norms.find(({ name }) => name === 'bn') ?? norms.at(-1);
  return { kernels, norms: norms.length, features: last?.tensors[0].shape[0] };
}

const layerWords = (layers: readonly StoredLayer[]): string =>
  layers.length === 0
    ? 'nothing'
    : layers.map(({ name, tensors }) => `${name} ${shapeText(tensors[0]?.shape ?? [])}`).join(', ');

/** Input channels and classes as the file has them, where its first and last kernel are otherwise the network's. */
function withEnds(
  config: DenseNetConfig,
  layers: readonly StoredLayer[],
  head: boolean,
  order: KernelOrder,
): DenseNetConfig {
  const fitted = { ...config, blocks: [...config.blocks] };
  const all = wantedLayers(config);
  const shapeOf = (layer: StoredLayer | undefined) => layer?.tensors[0]?.shape ?? [];
  const stem = shapeOf(layers[0]);
  const inputChannels = stem[order === 'hwio' ? 2 : 1] ?? 0;
  const [first] = wantedLayers({ ...config, inputChannels })[0].specs;
  if (inputChannels >= 1 && shapeText(stem) === shapeText(storedShape(first, order))) {
    fitted.inputChannels = inputChannels;
  }
  const [features] = all[all.length - 1].specs[0].shape;
  const kernel = head ? shapeOf(layers[layers.length - 1]) : [];
  if (kernel.length === 2 && kernel[0] === features && kernel[1] >= 1) fitted.classes = kernel[1];
  return fitted;
}

const CLASS_NAMES: Record<string, string> = {
  conv: 'conv2d',
  batchnorm: 'batch_normalization',
  dense: 'dense',
};

function wantedLayers(config: DenseNetConfig): WantedLayer[] {
  const byLayer = new Map<string, ParameterSpec[]>();
  for (const spec of parameterTable(config)) {
    byLayer.set(spec.layer, [...(byLayer.get(spec.layer) ?? []), spec]);
  }
  return layerTable(config)
    .filter((layer) => byLayer.has(layer.name))
    .map(({ name, kind }) => ({
      name,
      className: CLASS_NAMES[kind] ?? kind,
      specs: byLayer.get(name) ?? [],
    }));
}

/** The base's layers in the network's order, as many as there are, and what the file has behind them. */
function splitBase(
  stored: StoredLayers,
  wanted: readonly WantedLayer[],
): { base: StoredLayer[]; rest: StoredLayer[]; matchedBy: Match['matchedBy'] } {
  const byName = new Map(stored.layers.map((layer) => [plainName(layer.name), layer]));
  const named = wanted.map((layer) => byName.get(plainName(layer.name)));
  if (named.every((layer) => layer !== undefined)) {
    // The head's name is the user's choice (dense, dense_1, predictions, ...): it is the layer left over.
    const used = new Set(named);
    return { base: named, rest: stored.layers.filter((layer) => !used.has(layer)), matchedBy: 'name' };
  }
  if (stored.layout !== 'keras3') {
    const { length } = wanted;
    return { base: stored.layers.slice(0, length), rest: stored.layers.slice(length), matchedBy: 'order' };
  }
  const queues = new Map<string, StoredLayer[]>();
  for (const layer of stored.layers) {
    const className = layer.className ?? '';
    const queue = queues.get(className);
    if (queue) queue.push(layer);
    else queues.set(className, [layer]);
  }
  const taken = new Map<string, number>();
  const base = wanted.map(({ name, className }) => {
    const next = taken.get(className) ?? 0;
    taken.set(className, next + 1);
    return queues.get(className)?.[next] ?? { name, tensors: [] };
  });
  const used = new Set(base);
  return { base, rest: stored.layers.filter((layer) => !used.has(layer)), matchedBy: 'class' };
}

/** Keras 3 and old exports spell conv1/conv as conv1_conv; a nested model may put its own name in front. */
function plainName(name: string): string {
  // No pattern: `.*densenet[^/]*` takes the square of the length of a name that a file may choose.
  const last = name.slice(0, name.lastIndexOf('/') + 1).lastIndexOf('densenet');
  const own = last < 0 ? name : name.slice(name.indexOf('/', last) + 1);
  return own.replaceAll('/', '_');
}

/** Told by the shape of the first kernel; only Keras 1 had a choice. */
function findKernelOrder(stored: StoredLayers, layers: StoredLayer[], wanted: WantedLayer[]): KernelOrder {
  if (!stored.kerasVersion.startsWith('1')) return 'hwio';
  const first = wanted.findIndex(({ specs }) => specs[0].shape.length === 4);
  const found = shapeText(layers[first]?.tensors[0]?.shape ?? []);
  const [hwio, oihw] = (['hwio', 'oihw'] as const).map((order) =>
    shapeText(storedShape(wanted[first].specs[0], order)),
  );
  return found === oihw && found !== hwio ? 'oihw' : 'hwio';
}

/** The first layer whose tensors are not the wanted ones, in words; undefined when all agree. */
function firstDifference(
  layers: StoredLayer[],
  wanted: WantedLayer[],
  config: DenseNetConfig,
  order: KernelOrder,
): string | undefined {
  for (let l = 0; l < Math.min(layers.length, wanted.length); l++) {
    const { name, specs } = wanted[l];
    const { tensors } = layers[l];
    const called = layers[l].name === name ? '' : ` (called '${layers[l].name}' there)`;
    if (tensors.length !== specs.length) {
      const found = tensors.map((t) => shapeText(t.shape)).join(', ') || 'none';
      const want = specs.map((s) => `${s.tensor} ${shapeText(storedShape(s, order))}`).join(', ');
      const count = plural(tensors.length, 'tensor');
      return `layer ${name}${called} has ${count} in the file (${found}), ${config.name} wants ${want}`;
    }
    const shapes = specs.map((spec) => shapeText(storedShape(spec, order)));
    const t = shapes.findIndex((shape, i) => shape !== shapeText(tensors[i].shape));
    if (t >= 0) {
      const found = `the file has shape ${shapeText(tensors[t].shape)}`;
      return `layer ${name}${called}, ${specs[t].tensor}: ${found}, ${config.name} wants ${shapes[t]}`;
    }
  }
  return undefined;
}
