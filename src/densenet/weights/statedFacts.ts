/** Who says what a weight file of numbers alone does not. */
import type { DenseNetConfig } from '../architecture.js';

/** The file itself; the caller, by an option; nobody, so that the configuration's value was taken. */
export type SaidBy = 'file' | 'caller' | 'nobody';

/** What files of weights alone do not say. It goes before what a file says. */
export interface StatedByCaller {
  activation?: DenseNetConfig['activation'];
  bnEpsilon?: number;
  /** Of several candidates behind the base, the classifier's name in the file; 'none' for the base alone. */
  head?: string;
}

/** Who says something that the caller may have said, or the file. */
export function saidBy(caller: unknown, file: unknown): SaidBy {
  if (caller !== undefined) return 'caller';
  return file === undefined || file === null ? 'nobody' : 'file';
}
