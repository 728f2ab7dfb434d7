/** The notebook's column names. Source: the assignment's CSVs and its `labels` list. */
import { listOfStrings } from '../../core/arguments.js';
import { deepFreeze } from '../../core/deepFreeze.js';
import { UsageError } from '../../core/errors.js';

/** The 14 findings in the order of the network's outputs; neither the CSV's order nor NIH's. */
export const LABELS = deepFreeze([
  'Cardiomegaly',
  'Emphysema',
  'Effusion',
  'Hernia',
  'Infiltration',
  'Mass',
  'Nodule',
  'Atelectasis',
  'Pneumothorax',
  'Pleural_Thickening',
  'Pneumonia',
  'Fibrosis',
  'Edema',
  'Consolidation',
]);

export type Label = (typeof LABELS)[number];

/**
 * Names of label columns, of any number from 1: copied and frozen.
 * @param field named in errors
 * @throws UsageError for no name, an empty one, one that occurs twice, or a column that is no label
 */
export function checkLabelNames(names: readonly string[], field = 'labels'): readonly string[] {
  const list = listOfStrings(field, names, 'name');
  if (list.length === 0) throw new UsageError(`${field} names no label.`, 'Give one at least.');
  for (const [i, name] of list.entries()) {
    if (name.trim() === '') throw new UsageError(`${field}: name ${i + 1} is empty.`);
    if (list.indexOf(name) < i) throw new UsageError(`${field} names ${name} twice.`);
    if (name.endsWith(PREDICTION_SUFFIX)) {
      throw new UsageError(`${field}: ${name} ends as a column of predictions does.`, 'Rename that column.');
    }
    if (name === IMAGE_COLUMN || name === PATIENT_COLUMN) {
      throw new UsageError(`${field}: the column ${name} holds no label.`);
    }
  }
  return Object.freeze([...list]);
}

export const IMAGE_COLUMN = 'Image';
/** Behind a label, it heads the column of that label's predictions. */
export const PREDICTION_SUFFIX = '_pred';
export const PATIENT_COLUMN = 'PatientId';

/** The columns of the assignment's CSVs in file order: alphabetical, PatientId among the findings. */
export const CSV_COLUMNS: readonly string[] = deepFreeze([
  IMAGE_COLUMN,
  ...[...LABELS, PATIENT_COLUMN].sort((a, b) => (a < b ? -1 : 1)),
]);
