/** Layers as Keras stores them, wherever their numbers lie. */
import type { ParameterSpec } from '../../training/parameterSpec.js';

/** One tensor in the file, not yet read. */
export interface StoredTensor {
  /** Its name inside the file, for messages. */
  path: string;
  shape: number[];
  /** Its numbers; `what` names it in errors. */
  read(what: string): Float32Array;
}

/** A layer that has weights, in the order that Keras stores them. */
export interface StoredLayer {
  name: string;
  /** 'conv2d', 'batch_normalization', 'dense', ...: known in Keras 3 files only. */
  className?: string;
  tensors: StoredTensor[];
}

/** What layers are matched by. */
export interface StoredLayers {
  /** Where it is 'keras3', the order holds within each class of layers only. */
  layout: string;
  /** '1' where the file does not say, as Keras takes it. */
  kerasVersion: string;
  layers: StoredLayer[];
}

/** Its numbers. */
export const readTensor = ({ read, path }: StoredTensor, fileName: string): Float32Array =>
  read(`${fileName}: ${path}`);

/** The layers that the names of tensors tell, each with its tensors in Keras' order. */
export function layersOfPaths(
  paths: readonly string[],
  tensorAt: (path: string) => StoredTensor,
): StoredLayer[] {
  return [...groupByLayer(paths)].map(([name, members]) => ({
    name,
    tensors: inTensorOrder(members).map(tensorAt),
  }));
}

/** Paths by the layer that made them: 'conv1/bn/gamma:0' belongs to 'conv1/bn'. Layers keep their order. */
function groupByLayer(paths: readonly string[]): Map<string, string[]> {
  const layers = new Map<string, string[]>();
  for (const path of paths) {
    const layer = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const members = layers.get(layer);
    if (members) members.push(path);
    else layers.set(layer, [path]);
  }
  return layers;
}

const TENSOR_ORDER: ParameterSpec['tensor'][] = [
  'kernel',
  'gamma',
  'bias',
  'beta',
  'moving_mean',
  'moving_variance',
];

/** Keras' order of `layer.weights`, by the last part of the names; as stored where they tell nothing. */
function inTensorOrder(paths: string[]): string[] {
  const rank = (path: string) => {
    const tensor = path.slice(path.lastIndexOf('/') + 1).replace(/:\d+$/, '');
    return TENSOR_ORDER.indexOf(tensor as ParameterSpec['tensor']);
  };
  if (paths.some((path) => rank(path) < 0)) return paths;
  return [...paths].sort((a, b) => rank(a) - rank(b));
}
