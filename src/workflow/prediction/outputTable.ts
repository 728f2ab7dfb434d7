/** Tables with a column per output: of the labels that are known, and of the probabilities as shown. */
import { type Frame, noLabels } from '../../data/tables/frame.js';
import { asWritten, type PredictionTable } from '../../eval/scores/predictionsCsv.js';
import { type Outputs, shownProbabilities } from './outputs.js';

/** The frame with one label column per output; 0 where the CSV has no such column. */
export function frameForOutputs(frame: Frame, labels: readonly string[]): Frame {
  const columns = labels.map((label) => frame.classes.indexOf(label));
  const wide = noLabels(frame, frame.images.length * labels.length);
  for (let i = 0; i < wide.length; i++) {
    const column = columns[i % labels.length];
    const row = Math.floor(i / labels.length);
    if (column >= 0) wide[i] = frame.labels[row * frame.classes.length + column];
  }
  return { ...frame, classes: labels, labels: wide };
}

/** The columns of `wanted` labels, with probabilities as shown. */
export function tableOfOutputs(
  table: PredictionTable,
  outputs: Outputs,
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
      outputs.thresholds
        ? asWritten(shownProbabilities(outputs, Float32Array.from(table.predictions)))
        : table.predictions,
    ),
  };
}
