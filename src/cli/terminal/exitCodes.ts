/** With which number the process ends. */
import type { ErrorCode } from '../../core/errors.js';

/** One for each kind of error; 0 is success, 1 a bug, and an interrupt ends with its signal's. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = Object.freeze({
  usage: 2,
  data: 3,
  weights: 4,
  adapter: 5,
  memory: 6,
  gpu: 7,
  numeric: 8,
});
