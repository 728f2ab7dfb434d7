/**
 * Where Keras puts its weights inside HDF5. Two layouts:
 *
 *   Keras 1, 2 and tf.keras: attribute `layer_names` on the root (`save_weights`) or on the group
 *     `model_weights` (`model.save`); each layer's group has `weight_names`, the paths of its tensors.
 *     A model used as a layer of another is one group that lists the tensors of all its layers, trainable
 *     ones first.
 *   Keras 3 `.weights.h5`: `layers/<class>[_k]/vars/<i>`, k counting the layers of one class.
 */

import { WeightsError } from '../../../core/errors.js';
import { whole } from '../../../core/formatting.js';
import {
  addressOf,
  childDataset,
  childGroup,
  type Dataset,
  type Group,
  stringAttribute,
  stringsAttribute,
} from '../hdf5/hdf5.js';
import { floatsOfDataset } from '../hdf5/hdf5Numbers.js';
import { layersOfPaths, type StoredLayer, type StoredLayers, type StoredTensor } from '../storedLayers.js';

export type WeightLayout = 'save_weights' | 'model.save' | 'keras3';

export interface StoredModel extends StoredLayers {
  layout: WeightLayout;
  backend: string;
  /** Layers the file names, with or without weights. */
  layerCount: number;
  /** True when another model's layers were stored as one layer. */
  nested: boolean;
  /** JSON of the architecture; `model.save` writes it, `save_weights` does not. */
  modelConfig?: string;
}

/** Most layers, and most tensors, that a file may list: ten times what DenseNet201 has. */
const MOST = 10_000;

/** Models within models within models; real ones have one or two. */
const DEEPEST = 16;

const tooMany = (fileName: string, what: string): WeightsError =>
  new WeightsError(
    `${fileName} lists ${what}; no network here has more than ${whole(MOST)}.`,
    'It is the file of another network.',
  );

/** Lists the layers with weights of any Keras file. Throws WeightsError when it is HDF5 but not Keras. */
export function readStoredModel(root: Group, fileName: string): StoredModel {
  return { ...listLayers(root, fileName), modelConfig: readModelConfig(root, fileName) };
}

function readModelConfig(root: Group, fileName: string): string | undefined {
  const json = stringAttribute(root, 'model_config');
  if (json === undefined && 'model_config' in root.attrs) {
    throw new WeightsError(
      `${fileName} says how its network is built (model_config), but not in a text.`,
      'Save the weights alone: model.save_weights(...).',
    );
  }
  return json;
}

function listLayers(root: Group, fileName: string): StoredModel {
  for (const layout of ['save_weights', 'model.save'] as const) {
    const group = layout === 'save_weights' ? root : childGroup(root, 'model_weights');
    const names = group && stringsAttribute(group, 'layer_names');
    if (group && names) return readNamedLayers(layout, root, group, names, fileName);
  }
  if (layersGroup(root)) return readCountedLayers(root, fileName);
  const found = root.keys().slice(0, 5).join(', ') || 'nothing';
  throw new WeightsError(
    `${fileName} is HDF5 but no Keras weight file: it has no layer_names, model_weights or layers, but ${found}.`,
    'Save it with model.save_weights(...) or model.save(...).',
  );
}

function readNamedLayers(
  layout: WeightLayout,
  root: Group,
  weights: Group,
  names: string[],
  fileName: string,
): StoredModel {
  if (names.length > MOST) throw tooMany(fileName, `${names.length} layers`);
  const layers: StoredLayer[] = [];
  let nested = false;
  let tensorCount = 0;
  for (const name of names) {
    const group = childGroup(weights, name);
    if (!group) throw new WeightsError(`${fileName} names a layer '${name}' but has no group for it.`);
    const weightNames = stringsAttribute(group, 'weight_names') ?? [];
    tensorCount += weightNames.length;
    if (tensorCount > MOST) throw tooMany(fileName, `${tensorCount} tensors up to layer '${name}'`);
    const inner = layersOfPaths(weightNames, (path) =>
      storedTensor(group, path, `${name}/${path}`, fileName),
    );
    if (inner.length > 1) nested = true;
    layers.push(...(inner.length > 1 ? inner : inner.map(({ tensors }) => ({ name, tensors }))));
  }
  const attribute = (key: string) => stringAttribute(weights, key) ?? stringAttribute(root, key);
  return {
    layout,
    kerasVersion: attribute('keras_version') ?? '1',
    backend: attribute('backend') ?? '',
    layerCount: names.length,
    nested,
    layers,
  };
}

/** One that is a dataset of an HDF5 file. */
export interface Hdf5Tensor extends StoredTensor {
  dataset: Dataset;
}

const inDataset = (path: string, dataset: Dataset): Hdf5Tensor => ({
  path,
  dataset,
  shape: dataset.shape ?? [],
  read: (what) => floatsOfDataset(dataset, what),
});

/** The dataset at `path` below `group`, which the file says is there. */
export function storedTensor(group: Group, path: string, fullPath: string, fileName: string): Hdf5Tensor {
  const dataset = childDataset(group, path);
  if (!dataset) throw new WeightsError(`${fileName} names a tensor '${fullPath}' but does not hold it.`);
  return inDataset(fullPath, dataset);
}

/** 2.13-era files call the group of layers by a longer name. */
function layersGroup(group: Group): Group | undefined {
  return childGroup(group, 'layers') ?? childGroup(group, '_layer_checkpoint_dependencies');
}

function readCountedLayers(root: Group, fileName: string): StoredModel {
  const layers: StoredLayer[] = [];
  let layerCount = 0;
  let nested = false;
  let seen = 0;
  const visited = new Set<string>();
  const visit = (parent: Group, depth: number): void => {
    // Links can make a group its own ancestor, or put one group into thousands of places.
    const address = addressOf(parent);
    if (visited.has(address)) {
      throw new WeightsError(
        `${fileName} is no tree: its group ${parent.path} stands in several places.`,
        'It was made by no Keras; get the file again.',
      );
    }
    visited.add(address);
    if (depth > DEEPEST) {
      throw new WeightsError(`${fileName} holds models nested more than ${DEEPEST} deep (${parent.path}).`);
    }
    const keys = parent.keys();
    seen += keys.length;
    if (seen > MOST) throw tooMany(fileName, `${seen} layers`);
    const counted = keys.map((key) => {
      const [, className, count] = /^(.*?)(?:_(\d+))?$/.exec(key) ?? [];
      return { key, className, count: Number(count ?? 0) };
    });
    // HDF5 hands names over sorted as text, where conv2d_10 comes before conv2d_2.
    counted.sort((a, b) => a.count - b.count);
    for (const { key, className } of counted) {
      const layer = childGroup(parent, key);
      if (!layer) continue;
      const inside = layersGroup(layer);
      if (inside) {
        nested = true;
        visit(inside, depth + 1);
        continue;
      }
      layerCount++;
      const vars = childGroup(layer, 'vars');
      const tensors = vars ? numberedTensors(vars, fileName) : [];
      if (!vars || tensors.length === 0) continue;
      layers.push({ name: stringAttribute(vars, 'name') ?? key, className, tensors });
    }
  };
  const top = layersGroup(root);
  if (top) visit(top, 0);
  return { layout: 'keras3', kerasVersion: '3', backend: '', layerCount, nested, layers };
}

/** vars/0, vars/1, ...: trainable tensors first, which is Keras' order within each layer used here. */
export function numberedTensors(vars: Group, fileName: string): Hdf5Tensor[] {
  const tensors: Hdf5Tensor[] = [];
  for (let i = 0; i <= MOST; i++) {
    const dataset = childDataset(vars, String(i));
    if (!dataset) return tensors;
    tensors.push(inDataset(`${vars.path}/${i}`.slice(1), dataset));
  }
  throw tooMany(fileName, `more than ${MOST} tensors in ${vars.path}`);
}
