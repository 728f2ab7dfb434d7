/**
 * Which tensor of a file belongs to which tensor of the network, and checks that nothing is off before
 * anything is taken over.
 */
import { WeightsError } from '../../core/errors.js';
import {
  type DenseNetConfig,
  densenetConfig,
  HEAD_LAYER,
  layerTable,
  NETWORK_NAMES,
  type ParameterSpec,
  parameterTable,
  type WeightMap,
} from '../architecture.js';
import type { StoredLayer, StoredModel, StoredTensor } from './kerasLayout.js';
import { type KernelOrder, storedShape } from './kernelOrder.js';

export interface Match {
  pairs: { spec: ParameterSpec; tensor: StoredTensor }[];
  /** Whether the file has the classifier as well as the base. */
  head: boolean;
  /** How layers were paired: 'name' where all names agree, else by their 'order', as Keras does. */
  matchedBy: 'name' | 'order' | 'class';
  /** 'oihw' in files of Keras 1 with Theano's dimension ordering. */
  kernelOrder: KernelOrder;
}

interface WantedLayer {
  name: string;
  /** Keras 3 class in snake case. */
  className: string;
  specs: ParameterSpec[];
}

/**
 * Pairs the file's layers with the network's. Like Keras' load_weights, layers without weights do not
 * count and the rest are paired in order; where the names agree they decide. Throws WeightsError naming the
 * layer, the shape found and the shape wanted.
 */
export function matchLayers(stored: StoredModel, config: DenseNetConfig, fileName: string): Match {
  const all = wantedLayers(config);
  const head = stored.layers.length === all.length;
  const wanted = head ? all : all.filter((layer) => layer.name !== HEAD_LAYER);
  const { layers, matchedBy } = inWantedOrder(stored, wanted);
  const kernelOrder = findKernelOrder(stored, layers, wanted);
  const differs = firstDifference(layers, wanted, config, kernelOrder);
  if (stored.layers.length !== wanted.length) {
    const fitting = NETWORK_NAMES.find((name) => {
      const count = wantedLayers(densenetConfig(name)).length;
      return name !== config.name && (stored.layers.length === count || stored.layers.length === count - 1);
    });
    const where = differs ? ` First difference: ${differs}.` : '';
    throw new WeightsError(
      `${fileName} holds ${plural(stored.layers.length, 'layer')} with weights, ${config.name} has ` +
        `${all.length} (${all.length - 1} without the head).${where}`,
      fitting ? `It has as many as ${fitting}.` : 'It is the file of another network.',
    );
  }
  if (differs) {
    const hint = differs.startsWith(`layer ${HEAD_LAYER}`)
      ? 'The file was made for another number of classes.'
      : 'It is the file of another network.';
    throw new WeightsError(`${fileName} does not fit: ${differs}.`, hint);
  }
  const pairs = wanted.flatMap((layer, l) =>
    layer.specs.map((spec, t) => ({ spec, tensor: layers[l].tensors[t] })),
  );
  return { pairs, head, matchedBy, kernelOrder };
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

function inWantedOrder(
  stored: StoredModel,
  wanted: WantedLayer[],
): { layers: StoredLayer[]; matchedBy: Match['matchedBy'] } {
  const byName = new Map(stored.layers.map((layer) => [plainName(layer.name), layer]));
  const named = wanted.map((layer) => byName.get(plainName(layer.name)));
  // The head's name is the user's choice (dense, dense_1, predictions, ...): it is the layer left over.
  const last = wanted.length - 1;
  if (wanted[last]?.name === HEAD_LAYER && stored.layers.length === wanted.length) {
    const used = new Set(named.slice(0, last));
    named[last] = stored.layers.find((layer) => !used.has(layer));
  }
  if (named.every((layer) => layer !== undefined)) return { layers: named, matchedBy: 'name' };
  if (stored.layout !== 'keras3') return { layers: stored.layers, matchedBy: 'order' };

  const queues = new Map<string, StoredLayer[]>();
  for (const layer of stored.layers) {
    const className = layer.className ?? '';
    queues.set(className, [...(queues.get(className) ?? []), layer]);
  }
  const layers = wanted.map(({ name, className }) => queues.get(className)?.shift() ?? { name, tensors: [] });
  return { layers, matchedBy: 'class' };
}

/** Keras 3 and old exports spell conv1/conv as conv1_conv; a nested model may put its own name in front. */
function plainName(name: string): string {
  return name.replace(/^.*densenet[^/]*\//, '').replaceAll('/', '_');
}

/** Told by the shape of the first kernel; only Keras 1 had a choice. */
function findKernelOrder(stored: StoredModel, layers: StoredLayer[], wanted: WantedLayer[]): KernelOrder {
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
      return `layer ${name}${called} has ${plural(tensors.length, 'tensor')} in the file (${found}), ${config.name} wants ${want}`;
    }
    const shapes = specs.map((spec) => shapeText(storedShape(spec, order)));
    const t = shapes.findIndex((shape, i) => shape !== shapeText(tensors[i].shape));
    if (t >= 0) {
      const { tensor } = specs[t];
      return `layer ${name}${called}, ${tensor}: the file has shape ${shapeText(tensors[t].shape)}, ${config.name} wants ${shapes[t]}`;
    }
  }
  return undefined;
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * Throws WeightsError unless every tensor in `tensors` belongs to the network, has its size and holds
 * finite numbers, and none is missing (`partial: true` allows that, for a base without its head).
 */
export function checkWeights(
  tensors: WeightMap,
  config: DenseNetConfig,
  { partial = false, name = 'The weights' } = {},
): void {
  const table = parameterTable(config);
  for (const spec of table) {
    const values = tensors.get(spec.key);
    if (!values) {
      if (partial) continue;
      throw new WeightsError(`${name} lack ${spec.key} ${shapeText(spec.shape)} of ${config.name}.`);
    }
    if (values.length !== spec.size) {
      throw new WeightsError(
        `${name}: layer ${spec.layer}, ${spec.tensor} has ${values.length} numbers, ${config.name} wants ` +
          `${spec.size} ${shapeText(spec.shape)}.`,
      );
    }
    checkFinite(values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
  }
  const known = new Set(table.map((spec) => spec.key));
  for (const key of tensors.keys()) {
    if (!known.has(key)) throw new WeightsError(`${name} hold ${key}, which ${config.name} does not have.`);
  }
}

/** Throws WeightsError when `values` holds a NaN or an infinity; `what` names the tensor. */
export function checkFinite(values: Float32Array, what: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new WeightsError(
    `${what} holds ${values[at]} at position ${at}.`,
    'The network that made it had diverged; use an earlier checkpoint.',
  );
}
