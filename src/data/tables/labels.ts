/** The notebook's column names. Source: the assignment's CSVs and its `labels` list. */
import { deepFreeze } from '../../core/deepFreeze.js';

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

export const IMAGE_COLUMN = 'Image';
export const PATIENT_COLUMN = 'PatientId';

/** The columns of the assignment's CSVs in file order: alphabetical, PatientId among the findings. */
export const CSV_COLUMNS: readonly string[] = deepFreeze([
  IMAGE_COLUMN,
  ...[...LABELS, PATIENT_COLUMN].sort((a, b) => (a < b ? -1 : 1)),
]);
