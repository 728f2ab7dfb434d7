/** What an inspection hands over, in the order of computation. */
import * as kernels from '../../shaders/trainingKernels.js';
import type { Network, NetworkLayer } from '../network.js';
import type { ParameterSpec } from '../parameterSpec.js';
import type { MapKind } from './formulas.js';
import { LayerGradients } from './layerGradients.js';
import { LayerMaps, type PassedNorm } from './layerMaps.js';
import type { RanPass } from './pass.js';
import { type Source, stored } from './source.js';

/** A map that can be read. */
export interface Item {
  /** The layer's or the tensor's name. */
  name: string;
  kind: MapKind;
  /** Of the values, where it is not the source's. */
  shape?: readonly number[];
  source: Source;
  /** Of a batch norm. */
  norm?: PassedNorm;
  /** Layers whose gradients add up here. */
  addends?: readonly string[];
}

/** The maps of a pass; in training also the loss, and with `gradients` the way back. */
export function itemsOf(network: Network, pass: RanPass, gradients: boolean): Item[] {
  const { layers } = network;
  const { trace, parameters, image, recorded, training } = pass;
  const maps = layers && new LayerMaps(layers, trace, parameters, image);
  const forward = maps ? layerItems(maps) : recordedItems(pass);
  const items: Item[] = [
    ...forward,
    { name: 'probabilities', kind: 'probabilities', source: stored(pass.p) },
  ];
  if (!training) return items;
  const { loss, dlogits } = training;
  const terms = trace.dispatches.findLast(({ tensors }) => tensors.terms)?.tensors.terms;
  if (terms) items.push({ name: 'loss terms', kind: 'loss terms', source: stored(terms) });
  items.push({ name: 'loss', kind: 'loss', source: stored(loss) });
  if (!gradients) return items;
  const last = recorded.maps[recorded.maps.length - 1][0];
  if (!maps) {
    items.push({ name: last, kind: 'gradient of dense', source: stored(dlogits) });
    return [...items, ...network.parameters.toReversed().flatMap((spec) => weightItems(pass, [spec]))];
  }
  const back = new LayerGradients(maps, kernels, network.batchNorms, dlogits);
  for (const layer of maps.layers.toReversed()) {
    items.push(...gradientItems(maps, back, layer));
    const own = network.parameters.filter((spec) => spec.layer === layer.name);
    items.push(...weightItems(pass, own));
    items.push(...throughItems(back, layer));
  }
  return items;
}

function recordedItems({ image, recorded }: RanPass): Item[] {
  const maps = recorded.maps.map(([name, map]): Item => ({ name, kind: 'map', source: stored(map) }));
  return [{ name: 'input', kind: 'input', source: stored(image) }, ...maps];
}

/** In the order in which Keras computes. */
function layerItems(maps: LayerMaps): Item[] {
  return maps.layers.flatMap(({ name, kind }): Item[] => {
    if (kind === 'zeropad') return [];
    const norm = kind === 'batchnorm' ? { norm: maps.norm(name) } : {};
    return [{ name, kind, source: maps.of(name), ...norm }];
  });
}

function gradientItems(maps: LayerMaps, back: LayerGradients, { name, kind }: NetworkLayer): Item[] {
  // A concatenation's gradient is that of the layers that made its channels.
  if (kind === 'zeropad' || kind === 'concat') return [];
  const source = back.of(name);
  if (!source) return [];
  const addends = maps.addends(name);
  return [{ name, kind: `gradient of ${kind}`, source, ...(addends.length > 1 && { addends }) }];
}

/** What a layer passes on to a map that others read as well. */
function throughItems(back: LayerGradients, layer: NetworkLayer): Item[] {
  const { name, kind } = layer;
  if ((kind !== 'batchnorm' && kind !== 'relu' && kind !== 'conv') || !back.shares(layer)) return [];
  const source = back.through(name);
  return source ? [{ name, kind: `gradient through ${kind}`, source }] : [];
}

/** Gradients of tensors that learn. */
function weightItems({ parameters, training }: RanPass, specs: readonly ParameterSpec[]): Item[] {
  return specs.flatMap(({ key: name, layer, tensor, shape, size, trainable }): Item[] => {
    if (!trainable || training?.roles.factorOf(layer) === 0) return [];
    const isPair = tensor === 'gamma' || tensor === 'beta';
    const view = parameters.view('gradients', isPair ? `${layer}/gammaBeta` : name);
    const half = { ...view, shape: [1, 1, 1, size] as const, channelOffset: tensor === 'beta' ? size : 0 };
    return [{ name, kind: 'gradient of weights', shape, source: stored(isPair ? half : view) }];
  });
}
