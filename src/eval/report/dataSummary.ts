/** What the report says about the data, read off the CSVs. */
import { type ClassWeighting, classWeightingWords, classWeights } from '../../data/tables/classWeights.js';
import { countKnown, countPositives, type Frame } from '../../data/tables/frame.js';
import { frameFrequencies } from '../../data/tables/frequencies.js';
import { patientLeakage } from '../../data/tables/leakage.js';
import type { DataSummary, FrequencySummary, ReportData } from './reportData.js';

/** @param splits by name, in the order to show them. @param source the folder, or 'phantoms' */
export function dataSummary(source: string, splits: Readonly<Record<string, Frame>>): DataSummary {
  return {
    source,
    splits: Object.entries(splits).map(([name, frame]) => ({
      name,
      file: frame.file,
      images: frame.images.length,
      patients: new Set(frame.patientIds).size,
    })),
    leakage: patientLeakage(splits).map(({ between, patientIds }) => ({
      a: between[0],
      b: between[1],
      patientIds: [...patientIds],
    })),
  };
}

/** Whether the loss, where one is known, weighs classes by their frequencies. */
export const weighsClasses = ({ training }: Pick<ReportData, 'training'>): boolean =>
  training === null || 'posWeights' in training.loss.settings;

/**
 * Frequencies of one split and the weights of the loss.
 * @throws DataError if it has no rows; UsageError as `classWeights`
 */
export function frequencySummary(
  split: string,
  frame: Frame,
  weighting: ClassWeighting = { kind: 'frequencies' },
): FrequencySummary {
  const frequencies = frameFrequencies(frame);
  const weights = classWeights(frame, weighting);
  return {
    split,
    labels: [...frame.classes],
    samples: frame.images.length,
    known: countKnown(frame),
    counts: countPositives(frame),
    positive: [...frequencies.positive],
    negative: [...frequencies.negative],
    weighting: classWeightingWords(weighting),
    evensSides: weighting.kind === 'frequencies',
    positiveWeights: [...weights.posWeights],
    negativeWeights: [...weights.negWeights],
  };
}
