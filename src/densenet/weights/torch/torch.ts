/**
 * PyTorch's DenseNet weights of safetensors: state_dicts of torchvision, of torchxrayvision, and
 * the ones written here. With the tensors comes what they mean: PyTorch's batch norm epsilon, the number of
 * input channels, the names of the outputs, and how pixels are scaled.
 */
import { WeightsError } from '../../../core/errors.js';
import type { WeightMap } from '../../../training/parameterSpec.js';
import { type DenseNetConfig, HEAD_LAYER } from '../../architecture.js';
import type { WeightsReport } from '../format.js';
import { checkNumbers, shapeText } from '../matchTensors.js';
import { type StatedByCaller, saidBy } from '../statedFacts.js';
import { checkReading } from '../weightArguments.js';
import { type Preprocessing, parsePreprocessing, type WeightsMeaning } from '../weightsMeaning.js';
import { floatsOf, readSafetensors, type Safetensors, type StoredArray } from './safetensors.js';
import { checkBase, findHead, plainNames } from './torchBase.js';
import {
  IMAGENET_PREPROCESSING,
  TORCH_BN_EPSILON,
  TORCH_BN_MOMENTUM,
  XRV_LABELS,
  XRV_PREPROCESSING,
} from './torchFacts.js';
import { fromTorch, THRESHOLDS, torchTable } from './torchNames.js';

/** Whose weights they are, as far as the tensors tell; 'chexgpu' by the metadata. */
export type TorchLayout = 'torchvision' | 'torchxrayvision' | 'chexgpu';

export interface TorchReport extends WeightsReport {
  layout: TorchLayout;
  /** What all names began with, e.g. 'module.'; usually nothing. */
  prefix: string;
  /** dtypes of the tensors taken over; F64 was rounded to float32, the others are exact. */
  dtypes: string[];
  activationInFile: DenseNetConfig['activation'] | null;
  /** What in the metadata was not understood, in words. */
  notes: string[];
}

export interface TorchWeights extends WeightsMeaning {
  /** By ParameterSpec.key. */
  tensors: WeightMap;
  /** The network to build: the one asked for with what the file says of its ends and its batch norms. */
  config: DenseNetConfig;
  report: TorchReport;
}

/**
 * Reads a state_dict of DenseNet from the bytes of a safetensors file. Blocks and widths must be those of
 * `config`; input channels, classes, batch norm settings and activation come from the file and are in the
 * result's `config`. `name` is what errors call the file.
 *
 * Tensors may lie below any prefix, and the classifier may have any name, as long as it is one linear layer.
 *
 * One input channel or an `op_threshs` buffer means torchxrayvision; else it is taken for torchvision's, with a
 * softmax where it has ImageNet's 1000 classes and sigmoids where it has others.
 *
 * Throws WeightsError for bytes that are no such file and for a network that is not the one asked for,
 * naming the layer, the shape found and the shape wanted; there is never half a result.
 */
export function readTorchSafetensors(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
  stated: StatedByCaller = {},
): TorchWeights {
  checkReading(bytes, config, stated);
  const file = readSafetensors(bytes, name);
  const { prefix, arrays } = plainNames(file, name);
  const stem = arrays.get('features.conv0.weight')!;
  const stored = arrays.get(THRESHOLDS);
  arrays.delete(THRESHOLDS);
  checkBase(arrays, config, name);
  const leftOver = findHead(arrays, config, name, stated.head);
  const classifier = arrays.get('classifier.weight');
  const inputChannels = extent(stem, 1, `${name}: features.conv0.weight`);
  const classes = classifier ? extent(classifier, 0, `${name}: classifier.weight`) : config.classes;
  const foreign: TorchLayout = inputChannels === 1 || stored ? 'torchxrayvision' : 'torchvision';
  const layout = file.metadata.written_by === 'chexgpu' ? 'chexgpu' : foreign;
  const notes: string[] = [];
  const settings = settingsOf(file, layout, classes, name, stated, notes);
  const { activationBy, bnEpsilonBy, activationInFile, ...ofNetwork } = settings;
  const built: DenseNetConfig = {
    ...config,
    blocks: [...config.blocks],
    inputChannels,
    classes,
    ...ofNetwork,
  };
  const wanted = torchTable(built).filter(({ spec }) => classifier || spec.layer !== HEAD_LAYER);

  const tensors: WeightMap = new Map();
  const dtypes = new Set<string>();
  for (const { name: torchName, shape, spec } of wanted) {
    const array = arrays.get(torchName);
    if (!array) {
      throw new WeightsError(
        `${name} lacks ${torchName} (layer ${spec.layer}, ${spec.tensor}) of ${config.name}.`,
        'It is the file of another network, or half of one.',
      );
    }
    const what = `${name}: layer ${spec.layer}, ${spec.tensor} (${torchName})`;
    if (shapeText(array.shape) !== shapeText(shape)) {
      const found = `the file has shape ${shapeText(array.shape)}, ${config.name} wants ${shapeText(shape)}`;
      throw new WeightsError(`${what}: ${found}.`, 'It is the file of another network.');
    }
    const values = floatsOf(array, what);
    checkNumbers(spec, values, what);
    tensors.set(spec.key, fromTorch(values, spec));
    dtypes.add(array.dtype);
  }
  const thresholds = stored ? readThresholds(stored, classes, name) : null;
  return {
    tensors,
    config: built,
    labels: labelsOf(file, layout, classes, thresholds, name, notes),
    preprocessing: preprocessingOf(file, layout, inputChannels, name, notes),
    thresholds,
    notice: file.metadata.notice ?? null,
    report: {
      layout,
      tensorCount: tensors.size,
      head: classifier !== undefined,
      prefix,
      dtypes: [...dtypes].sort(),
      leftOver,
      activationBy,
      bnEpsilonBy,
      activationInFile,
      notes,
    },
  };
}

function extent({ shape }: StoredArray, axis: number, what: string): number {
  if (shape[axis] >= 1) return shape[axis];
  throw new WeightsError(`${what} has shape ${shapeText(shape)}.`, 'It is the file of another network.');
}

/** Classes of ImageNet, one of which every image has. */
const IMAGENET_CLASSES = 1000;

/** By the caller, else by the metadata, else as PyTorch has it. */
function settingsOf(
  file: Safetensors,
  layout: TorchLayout,
  classes: number,
  name: string,
  stated: StatedByCaller,
  notes: string[],
): Pick<DenseNetConfig, 'bnEpsilon' | 'bnMomentum' | 'activation'> &
  Pick<TorchReport, 'activationBy' | 'bnEpsilonBy' | 'activationInFile'> {
  const isOurs = layout === 'chexgpu';
  const inFile = <T>(key: string, read: () => T): T | null =>
    isOurs || file.metadata[key] !== undefined ? understood(layout, notes, read) : null;
  const activation = inFile('activation', () => metadataActivation(file, name));
  const bnEpsilon = inFile('bn_epsilon', () => metadataNumber(file, 'bn_epsilon', name));
  const usual = layout === 'torchvision' && classes === IMAGENET_CLASSES ? 'softmax' : 'sigmoid';
  return {
    activation: stated.activation ?? activation ?? usual,
    bnEpsilon: stated.bnEpsilon ?? bnEpsilon ?? TORCH_BN_EPSILON,
    // Others may mean PyTorch's momentum, which is one less ours.
    bnMomentum: isOurs ? metadataNumber(file, 'bn_momentum', name) : TORCH_BN_MOMENTUM,
    activationBy: saidBy(stated.activation, activation),
    bnEpsilonBy: saidBy(stated.bnEpsilon, bnEpsilon),
    activationInFile: activation,
  };
}

function metadataActivation({ metadata }: Safetensors, name: string): DenseNetConfig['activation'] {
  const { activation } = metadata;
  if (activation === 'sigmoid' || activation === 'softmax') return activation;
  throw new WeightsError(
    `${name}: the activation in its metadata is ${activation?.slice(0, 60) ?? 'missing'}.`,
  );
}

function readThresholds(array: StoredArray, classes: number, name: string): Float32Array {
  const values = floatsOf(array, `${name}: ${THRESHOLDS}`);
  const bad = values.find((t) => !(Number.isNaN(t) || (t > 0 && t < 1)));
  if (values.length !== classes || bad !== undefined) {
    const found = bad === undefined ? `${values.length} numbers for ${classes} outputs` : `the number ${bad}`;
    throw new WeightsError(
      `${name}: ${THRESHOLDS} holds ${found}; one above 0 and below 1 an output is wanted.`,
    );
  }
  return values;
}

function labelsOf(
  { metadata }: Safetensors,
  layout: TorchLayout,
  classes: number,
  thresholds: Float32Array | null,
  name: string,
  notes: string[],
): readonly string[] | null {
  if (metadata.labels !== undefined) {
    const labels = understood(layout, notes, () => {
      const list = metadataJson(metadata.labels, `${name}: the labels in its metadata`);
      if (Array.isArray(list) && list.length === classes && list.every((l) => typeof l === 'string')) {
        return list as string[];
      }
      throw new WeightsError(`${name}: the labels in its metadata are no list of ${classes} names.`);
    });
    if (labels) return labels;
  }
  if (layout !== 'torchxrayvision' || classes !== XRV_LABELS.length) return null;
  // Models of one data set were never shown the findings that it lacks; their thresholds are NaN.
  return XRV_LABELS.map((label, i) => (thresholds && Number.isNaN(thresholds[i]) ? '' : label));
}

function preprocessingOf(
  { metadata }: Safetensors,
  layout: TorchLayout,
  inputChannels: number,
  name: string,
  notes: string[],
): Preprocessing | null {
  if (metadata.preprocessing !== undefined) {
    const where = `${name}: the preprocessing in its metadata`;
    const read = () => parsePreprocessing(metadataJson(metadata.preprocessing, where), where);
    const preprocessing = understood(layout, notes, read);
    if (preprocessing) return preprocessing;
  }
  if (layout === 'torchxrayvision') return XRV_PREPROCESSING;
  return layout === 'torchvision' && inputChannels === 3 ? IMAGENET_PREPROCESSING : null;
}

/** Metadata of ours must be right; anybody else may write what he likes there, and it is said. */
function understood<T>(layout: TorchLayout, notes: string[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (layout === 'chexgpu' || !(error instanceof WeightsError)) throw error;
    notes.push(`not used: ${error.message.replace(/\.$/, '')}`);
    return null;
  }
}

function metadataJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WeightsError(`${where} is no JSON.`);
  }
}

function metadataNumber({ metadata }: Safetensors, key: string, name: string): number {
  const value = Number(metadata[key] || Number.NaN);
  if (value >= 0 && value <= 1) return value;
  throw new WeightsError(`${name}: ${key} in its metadata is ${metadata[key]?.slice(0, 60) ?? 'missing'}.`);
}
