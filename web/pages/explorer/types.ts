/** What the explorer and its worker say to each other. */
import type { AdapterWords } from '../../worker/device.js';

/** What is to be looked at, as the address says it. */
export interface SubjectWish {
  readonly network: string;
  readonly image: string;
  /** Outputs that the loss takes for positive; null: those that the picture was drawn with. */
  readonly labels: readonly number[] | null;
}

/** What the worker looks at. */
export interface Opened {
  readonly adapter: AdapterWords | null;
  readonly network: string;
  readonly labels: readonly string[];
  readonly picture: string;
  /** Outputs that the loss takes for positive. */
  readonly positive: readonly number[];
}
