/** What the explorer and its worker say to each other. */
import type { AdapterWords } from '../../worker/device.js';
import type { Pixels } from './inWorker/run.js';
import type { AdamRates, LossSettings } from './inWorker/training.js';

/** What is to be looked at, as the address says it. */
export interface SubjectWish {
  readonly network: string;
  readonly image: string;
  /** Outputs that the loss takes for positive; null: those that the picture was drawn with. */
  readonly labels: readonly number[] | null;
}

/** What the worker looks at. */
export interface Opened {
  /** Null where the values are recorded. */
  readonly adapter: AdapterWords | null;
  readonly network: string;
  readonly labels: readonly string[];
  readonly picture: string;
  /** Outputs that the loss takes for positive. */
  readonly positive: readonly number[];
  /** The picture as the network is given it. */
  readonly pixels: Pixels;
  readonly loss: LossSettings;
  readonly adam: AdamRates;
  /** Where and when the values were recorded, in words; null where they are computed here. */
  readonly recorded: string | null;
}

export interface MapAsked {
  readonly kind: string;
  readonly name: string;
}

/** A number of the forward or the backward pass. */
export interface AskedNumber {
  readonly direction: 'forward' | 'backward';
  /** Of the layer. */
  readonly name: string;
  readonly channel: number;
  readonly y: number;
  readonly x: number;
}
