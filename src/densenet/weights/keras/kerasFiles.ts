/** What is done with Keras' HDF5 files as one of the formats. */
import { WeightsError } from '../../../core/errors.js';
import { type DenseNetConfig, densenetConfig } from '../../architecture.js';
import type { FormatFiles, ReadWeights } from '../format.js';
import { unsaidLayout } from '../layout.js';
import type { Preprocessing, WeightsMeaning } from '../weightsMeaning.js';
import type { KerasFormat } from './kerasFormats.js';
import { readKerasHdf5, writeKerasHdf5 } from './kerasLazy.js';
import type { KerasReport, KerasWeights } from './kerasRead.js';

export const KERAS_FILES: FormatFiles<KerasReport> = {
  read: async (bytes, config, name, options) =>
    understood(await readKerasHdf5(bytes, config, name, options), name),
  write: (kind, tensors, config, { head, optimizer, half, ...meaning }) =>
    writeKerasHdf5(tensors, config, { format: kind as KerasFormat, head, optimizer, half, meaning }),
  leavesOut: (kind, config, meaning) =>
    leftOutByKeras(kind, config, meaning, ', but for its attribute chexgpu'),
};

/**
 * What Keras and NumPy have to be told.
 * @param elsewhere where the file says it all the same
 */
export function leftOutByKeras(
  kind: string,
  config: DenseNetConfig,
  { labels, preprocessing, thresholds }: Partial<WeightsMeaning>,
  elsewhere = '',
): string[] {
  // A whole model says how it is built.
  const isWhole = kind === 'keras2-model';
  const usual = isWhole ? config : densenetConfig('densenet121');
  return [
    ...(isWhole ? [] : unsaidLayout(config)),
    config.bnEpsilon !== usual.bnEpsilon &&
      `batch norm epsilon ${config.bnEpsilon}; Keras' DenseNets have ${usual.bnEpsilon}, so set it in every layer`,
    config.inputChannels !== usual.inputChannels &&
      `${config.inputChannels} input channel: build the model with input_shape=(None, None, ${config.inputChannels})`,
    config.activation !== usual.activation &&
      `a ${config.activation} behind its outputs, not ${usual.activation}s`,
    labels &&
      `the order of its outputs${elsewhere}: ${labels.map((label) => label || '(never trained)').join(', ')}`,
    preprocessing && `how pixels are scaled${elsewhere}: ${JSON.stringify(preprocessing.normalisation)}`,
    thresholds && `the operating points${elsewhere}: ${thresholds.join(', ')}`,
  ].filter((line) => typeof line === 'string');
}

function understood(weights: KerasWeights, name: string): ReadWeights<KerasReport> {
  const { report, rescaling, meaning, ...rest } = weights;
  const layout =
    report.layout === 'keras3' ? 'Keras 3 weights' : `${report.layout} of Keras ${report.kerasVersion}`;
  const head = report.head ? 'with the head' : 'base only, the head keeps its weights';
  const { idle, inputSize } = report;
  const training: string[] = [];
  if (rescaling) training.push('pixels scaled as in the notebook, not as its model did');
  if (idle.length > 0) training.push(`trained without ${idle.join(', ')}`);
  return {
    ...rest,
    namesOutputs: false,
    labels: meaning?.labels ?? null,
    preprocessing: meaning?.preprocessing ?? ofRescaling(weights, name),
    thresholds: meaning?.thresholds ?? null,
    notice: meaning?.notice ?? null,
    inputSize,
    report,
    words: {
      contents: `${layout}, ${report.weightLayers} layers, ${report.tensorCount} tensors, ${head}`,
      pixels: meaning?.preprocessing
        ? 'as the weights say'
        : rescaling && 'as the model of the weights rescales them itself',
      notes: [],
      training,
    },
  };
}

/** What a model that rescales its pixels itself is to be given: those pixels, of the size it wants. */
function ofRescaling({ rescaling, report }: KerasWeights, name: string): Preprocessing | null {
  if (!rescaling) return null;
  const { scale, offset } = rescaling;
  if (report.inputSize === null) {
    throw new WeightsError(
      `${name} rescales its pixels itself (x * ${scale} + ${offset}) but does not say which size they have.`,
      'Save a model whose Input has its size, as (320, 320, 3): weights that are saved alone do not rescale.',
    );
  }
  const three = (value: number): [number, number, number] => [value, value, value];
  return {
    size: report.inputSize,
    interpolation: 'nearest',
    // x * scale + offset = (x - mean) / std
    normalisation: {
      kind: 'featurewise',
      mean: three(0 - offset / scale),
      std: three(1 / scale),
      epsilon: 0,
    },
  };
}
