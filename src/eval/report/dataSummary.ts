/** What the report says about the data, read off the CSVs. */
import { countKnown, countPositives, type Frame } from '../../data/tables/frame.js';
import { frameFrequencies, lossWeights } from '../../data/tables/frequencies.js';
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

/** Frequencies of one split and the loss weights made of them. @throws DataError if it has no rows */
export function frequencySummary(split: string, frame: Frame): FrequencySummary {
  const frequencies = frameFrequencies(frame);
  const weights = lossWeights(frequencies);
  return {
    split,
    labels: [...frame.classes],
    samples: frame.images.length,
    known: countKnown(frame),
    counts: countPositives(frame),
    positive: [...frequencies.positive],
    negative: [...frequencies.negative],
    positiveWeights: [...weights.positive],
    negativeWeights: [...weights.negative],
  };
}
