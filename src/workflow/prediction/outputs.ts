/** What a network's outputs mean: their names, and the scale their probabilities are shown on. */
import { listOfStrings, requireObject } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { firstFew } from '../../core/formatting.js';
import { LABELS } from '../../data/tables/labels.js';
import type { ReadWeights } from '../../densenet/weights/format.js';
import { opNorm } from '../../densenet/weights/torch/torchFacts.js';
import { type ClassChoice, classIndex, listOfClasses } from '../../training/classNames.js';

/** Names of the outputs, and the scale of their probabilities. */
export interface Outputs {
  /** Name of each output, '' for one never trained. */
  labels: readonly string[];
  /** torchxrayvision's operating points; null where probabilities are shown as the network gives them. */
  thresholds: Float32Array | null;
}

/** The outputs' names by the file, else the course's where such files cannot say them; null where nobody knows. */
export function usualLabels({ labels, namesOutputs }: Pick<ReadWeights, 'labels' | 'namesOutputs'>) {
  return labels ?? (namesOutputs ? null : LABELS);
}

/**
 * The outputs of weights that were read, named by whoever reads them or else as `usualLabels` says.
 * @param name what errors call the file
 * @throws WeightsError when there is no head, or nobody says what its outputs are
 */
export function outputsOf(
  weights: Pick<ReadWeights, 'config' | 'report' | 'labels' | 'namesOutputs' | 'thresholds'>,
  named?: readonly string[],
  name = 'The weight file',
): Outputs {
  requireObject('The weights', weights);
  const { config, report, thresholds } = weights;
  requireObject('The weights: config', config);
  requireObject('The weights: report', report);
  if (!report.head) {
    throw new WeightsError(
      `${name} holds the base of ${config.name} without the head: there is nothing to predict with.`,
      'Train from it first (`chexgpu train` with `weights`).',
    );
  }
  const labels = named === undefined ? usualLabels(weights) : listOfStrings('labels', named, 'name');
  if (labels?.length !== config.classes) {
    const imagenet = config.classes === 1000 ? ", ImageNet's probably" : '';
    throw new WeightsError(
      labels === null
        ? `${name} does not say what its ${config.classes} outputs are${imagenet}.`
        : `${name} has ${config.classes} outputs, not ${labels.length}.`,
      'Name them in order with `labels`, separated by commas, or train from it first.',
    );
  }
  const twice = labels.find((label, i) => label !== '' && labels.indexOf(label) !== i);
  if (twice !== undefined) {
    throw new WeightsError(`${name} has two outputs called ${twice}.`, 'Name them in order with `labels`.');
  }
  return { labels, thresholds };
}

/** @throws UsageError for outputs that are none, or without names */
function labelsOf(outputs: Pick<Outputs, 'labels'>): readonly string[] {
  requireObject('The outputs', outputs);
  return listOfStrings('The outputs: labels', outputs.labels, 'name');
}

/** The outputs that mean something. @throws UsageError for what are no outputs */
export const trainedLabels = (outputs: Pick<Outputs, 'labels'>): string[] =>
  labelsOf(outputs).filter((l) => l !== '');

/**
 * The labels that `wanted` means: by name in any case, blanks and underscores alike, or by the output's number from
 * 0. Each once, in the order given.
 * @throws UsageError for a name that no output has, listing those there are
 */
export function chooseLabels(wanted: readonly ClassChoice[], outputs: Pick<Outputs, 'labels'>): string[] {
  const labels = labelsOf(outputs);
  const find = (one: ClassChoice): string => labels[classIndex(one, labels, labels.length)] ?? '';
  const strange = listOfClasses('classes', wanted).filter((one) => find(one) === '');
  if (strange.length > 0) {
    throw new UsageError(
      `These weights have no output for ${strange.map((one) => (one === '' ? '""' : one)).join(', ')}.`,
      `Their outputs are ${trainedLabels(outputs).join(', ')}.`,
    );
  }
  return [...new Set(wanted.map(find))];
}

/** Probabilities as their makers give them: torchxrayvision's op_norm where there are operating points. */
export function shownProbabilities(outputs: Pick<Outputs, 'thresholds'>, p: Float32Array): Float32Array {
  requireObject('The outputs', outputs);
  const { thresholds } = outputs;
  return thresholds ? opNorm(p, thresholds) : p;
}

/**
 * The labels of a CSV that a network can be asked for: all of its own where the CSV has them, else the 14 findings.
 * @throws WeightsError when the network lacks one of the findings, and the CSV a column of the network's
 */
export function labelsForCsv(
  outputs: Pick<Outputs, 'labels'>,
  columns: readonly string[],
): readonly string[] {
  const missing = LABELS.filter((label) => !outputs.labels.includes(label));
  const own = trainedLabels(outputs);
  const isMore = missing.length > 0 || own.length > LABELS.length;
  if (isMore && own.every((label) => columns.includes(label))) return own;
  if (missing.length === 0) return LABELS;
  throw new WeightsError(
    `These weights have no output for ${missing.join(', ')}: ` +
      `a CSV's ${LABELS.length} findings cannot all be predicted.`,
    `Give image files, or a CSV with a column for each of its outputs (${firstFew(own)}).`,
  );
}

/** Outputs that `mostProbable` names. */
const USUAL_CLASSES = 4;

/** The labels that the network finds most probable, of its probabilities as shown. */
export const mostProbable =
  ({ labels }: Pick<Outputs, 'labels'>) =>
  (probabilities: Float32Array): string[] =>
    [...probabilities.keys()]
      .filter((c) => labels[c] !== '')
      .sort((a, b) => probabilities[b] - probabilities[a])
      .slice(0, USUAL_CLASSES)
      .map((c) => labels[c]);
