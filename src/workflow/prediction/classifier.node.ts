/** Weights to predict with, and what they mean. */
import { plural } from '../../core/formatting.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import { networkWords } from '../../densenet/weights/layout.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { CallContext, WorkContext } from '../reporter.js';
import { type OnExpected, readKnownWeights, type WeightOptions } from '../weights/knownWeights.node.js';
import { type ImagePreparation, imagePreparation, type PreparationWishes } from './imagePreparation.js';
import { type Outputs, outputsOf, trainedLabels } from './outputs.js';

export interface Classifier {
  config: DenseNetConfig;
  weights: WeightMap;
  /** Where the weights came from, in words. */
  origin: string;
  outputs: Outputs;
  preparation: ImagePreparation;
  /** How the weights' own facts scale pixels, in words; null where they say nothing of it. */
  pixelWords: string | null;
  /** What whoever sees a prediction has to be told; null where there is nothing. */
  notice: string | null;
}

export interface ClassifierOptions extends WeightOptions, PreparationWishes {
  /** Names of the outputs in order, for weights that do not say. */
  labels?: readonly string[];
}

/**
 * Reads a weight file and settles what its outputs are and how images are prepared for it.
 * @param weights path, or a name in weights/
 * @param onExpected see `readKnownWeights`
 * @throws WeightsError when there is no such file, no head, or nobody says what its outputs are; UsageError for
 *   options that contradict what the weights say
 */
export async function readClassifier(
  context: CallContext,
  weights: string,
  options: ClassifierOptions = {},
  onExpected?: OnExpected,
): Promise<Classifier> {
  const { out } = context;
  const { file, trained } = await readKnownWeights(context, weights, options, undefined, onExpected);
  const { config, tensors, summary, words, notice } = file;
  const outputs = outputsOf(file, options.labels, weights);
  const preparation = imagePreparation(file, trained, options, (text) => out.warn(text), weights);
  return {
    config,
    weights: tensors,
    origin: summary,
    outputs,
    preparation,
    pixelWords: words.pixels,
    notice,
  };
}

/** Says which network it is, and what its outputs and pixels are where the weights are not the course's. */
export function sayClassifier({ out }: Pick<WorkContext, 'out'>, classifier: Classifier): void {
  const { config, origin, outputs, pixelWords, notice } = classifier;
  out.say(`Network: ${networkWords(config)}, weights ${origin}`);
  if (notice) out.warn(`These weights: ${notice}.`);
  const { size, interpolation } = classifier.preparation;
  if (pixelWords === null) return;
  const { labels, thresholds } = outputs;
  const unnamed = labels.length - trainedLabels(outputs).length;
  const left = unnamed > 0 ? `, ${unnamed} never trained and left out` : '';
  const scaled = thresholds ? ', scaled so that 0.5 is the operating point (op_threshs)' : '';
  out.say(`Outputs: ${plural(labels.length, 'label')}${left}${scaled}`);
  out.say(`Pixels: ${pixelWords}; the whole image resized to ${size} px (${interpolation}), nothing cropped`);
}
