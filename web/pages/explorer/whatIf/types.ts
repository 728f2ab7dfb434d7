/** What-if: what is changed, and what came of it. */
import type { GradientCheck } from 'chexgpu/lab';

/** What is changed of the network, the step or the picture; all at once, if somebody wants. */
export interface Change {
  /** A channel that is set to 0 where its layer makes it. */
  readonly zero: { readonly layer: string; readonly channel: number } | null;
  /** null: as it was. */
  readonly learningRate: number | null;
  /** `phantom2`; null: the picture that is looked at. */
  readonly image: string | null;
  /** What is left of a number below 0 behind a ReLU: 0 is a ReLU, 1 none. */
  readonly slope: number;
  /** Batch norms pass on what they read. */
  readonly noNorm: boolean;
}

/** One step of training, seen from outside. */
export interface Outcome {
  readonly probabilities: readonly number[];
  readonly loss: number;
  /** After one step by the learning rate. */
  readonly stepped: { readonly probabilities: readonly number[]; readonly loss: number };
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

export interface CheckedWeight extends GradientCheck {
  /** The weight. */
  readonly value: number;
  readonly title: string;
}
