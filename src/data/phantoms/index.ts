/** Procedural chest X-rays of synthetic patients. The PNG and CSV writer is writePhantoms.node.ts. */
export {
  BALANCED_FREQUENCY,
  type CohortOptions,
  makeCohort,
  type PhantomSpec,
} from './cohort.js';
export { checkSize, drawPhantom, LARGEST_SIZE, type Phantom, SMALLEST_SIZE } from './drawPhantom.js';
export type { Box } from './findings/lesionLayers.js';
export { type Finding, NOTEBOOK_FREQUENCIES, type Side } from './findings/placeFinding.js';
export { type NumberedPhantom, numberedPhantom } from './numberedPhantom.js';
export type { Anatomy, Device, Visit } from './patient.js';
export { SPLIT_SHARES, SPLITS, type Split } from './splitPatients.js';
