/** The optimizers that there are: each with its line in the list and what users make it with. */
import { ADAM } from './adam.js';
import { ADAMW } from './adamw.js';
import type { OptimizerKind } from './optimizer.js';
import { SGD } from './sgd.js';

export { type AdamSettings, adam } from './adam.js';
export { type AdamWSettings, adamw } from './adamw.js';
export { type SgdSettings, sgd } from './sgd.js';

/** The first is the default. */
export const OPTIMIZERS: readonly OptimizerKind[] = [ADAM, SGD, ADAMW];
