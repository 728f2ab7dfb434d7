/** What a network's outputs mean: their names, and the scale their probabilities are shown on. */

import { UsageError, WeightsError } from '../../core/errors.js';
import { firstFew, plural } from '../../core/formatting.js';
import type { Interpolation } from '../../data/images/resize.js';
import type { Frame } from '../../data/tables/frame.js';
import { LABELS } from '../../data/tables/labels.js';
import { opNorm } from '../../densenet/weights/torch/torchFacts.js';
import { asWritten, type PredictionTable } from '../../eval/scores/predictionsCsv.js';
import type { WorkContext } from '../reporter.js';
import type { Network } from '../weights/network.node.js';

/** The outputs that mean something. */
export const trainedLabels = ({ labels }: Pick<Network, 'labels'>): string[] =>
  labels.filter((l) => l !== '');

/**
 * The labels that `wanted` means: by name in any case, blanks and underscores alike, or by the output's number from
 * 0. Each once, in the order given.
 * @throws UsageError for a name that no output has, listing those there are
 */
export function chooseLabels(wanted: readonly string[], network: Pick<Network, 'labels'>): string[] {
  const { labels } = network;
  const plain = (name: string) => name.toLowerCase().replaceAll(' ', '_');
  const find = (name: string): string | undefined =>
    labels.find((label) => label !== '' && label === name) ??
    labels.find((label) => label !== '' && plain(label) === plain(name)) ??
    (/^\d+$/.test(name) && labels[Number(name)] !== '' ? labels[Number(name)] : undefined);
  const strange = wanted.filter((name) => find(name) === undefined);
  if (strange.length > 0) {
    throw new UsageError(
      `These weights have no output for ${strange.map((name) => name || '""').join(', ')}.`,
      `Their outputs are ${trainedLabels(network).join(', ')}.`,
    );
  }
  return [...new Set(wanted.map((name) => find(name) as string))];
}

/** Says what the outputs and the pixels are where the weights are not the course's. */
export function sayMeaning(
  { out }: WorkContext,
  network: Network,
  { size, interpolation }: { size: number; interpolation: Interpolation },
): void {
  const { labels, thresholds, scaling } = network;
  if (scaling === null) return;
  const unnamed = labels.length - trainedLabels(network).length;
  const left = unnamed > 0 ? `, ${unnamed} never trained and left out` : '';
  const scaled = thresholds ? ', scaled so that 0.5 is the operating point (op_threshs)' : '';
  out.say(`Outputs: ${plural(labels.length, 'label')}${left}${scaled}`);
  out.say(`Pixels: ${scaling}; the whole image resized to ${size} px (${interpolation}), nothing cropped`);
}

/** Probabilities as their makers give them: torchxrayvision's op_norm where there are operating points. */
export function shownProbabilities(
  { thresholds }: Pick<Network, 'thresholds'>,
  p: Float32Array,
): Float32Array {
  return thresholds ? opNorm(p, thresholds) : p;
}

/** The frame with one label column an output; 0 where the CSV has no such column. */
export function frameForOutputs(frame: Frame, labels: readonly string[]): Frame {
  const columns = labels.map((label) => frame.classes.indexOf(label));
  const wide = new Uint8Array(frame.images.length * labels.length);
  for (let i = 0; i < wide.length; i++) {
    const column = columns[i % labels.length];
    const row = Math.floor(i / labels.length);
    if (column >= 0) wide[i] = frame.labels[row * frame.classes.length + column];
  }
  return { ...frame, classes: labels, labels: wide };
}

/**
 * The labels of a CSV that a network can be asked for: the 14 findings, else its own.
 * @throws WeightsError when the network lacks one of the findings, and the CSV a column of the network's
 */
export function labelsForCsv(
  network: Pick<Network, 'labels'>,
  columns: readonly string[],
): readonly string[] {
  const missing = LABELS.filter((label) => !network.labels.includes(label));
  if (missing.length === 0) return LABELS;
  const own = trainedLabels(network);
  if (own.every((label) => columns.includes(label))) return own;
  throw new WeightsError(
    `These weights have no output for ${missing.join(', ')}: a CSV's ${LABELS.length} findings cannot all be predicted.`,
    `Give image files, or a CSV with a column for each of its outputs (${firstFew(own)}).`,
  );
}

/** The columns of `wanted` labels, with probabilities as shown. */
export function tableOfOutputs(
  table: PredictionTable,
  network: Pick<Network, 'labels' | 'thresholds'>,
  wanted: readonly string[],
): PredictionTable {
  const columns = wanted.map((label) => table.labels.indexOf(label));
  const { length } = table.labels;
  const select = (values: ArrayLike<number>) =>
    Float64Array.from({ length: table.images.length * columns.length }, (_, i) => {
      return values[Math.floor(i / columns.length) * length + columns[i % columns.length]];
    });
  return {
    ...table,
    labels: [...wanted],
    truth: select(table.truth),
    predictions: select(
      network.thresholds
        ? asWritten(shownProbabilities(network, Float32Array.from(table.predictions)))
        : table.predictions,
    ),
  };
}
