/** Grad-CAM, step by step: what the worker read and computed for one class. */
export interface CamSteps {
  readonly classIndex: number;
  readonly probability: number;
  readonly score: 'sigmoid' | 'logit';
  /** Name of the last batch norm, whose output A the method looks at. */
  readonly layer: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Channels by the size of their weight, the largest first. */
  readonly order: readonly number[];
  /** alpha[k] */
  readonly weights: Float32Array;
  /** A[h,w,i] and dscore/dA[h,w,i] of the first channels of `order`, as many as are shown. */
  readonly shown: number;
  readonly maps: Float32Array;
  readonly gradients: Float32Array;
  /** sums[i,h,w]: the first i + 1 channels of `order`, weighted and added up; not for every i of a large network. */
  readonly sums: Float32Array;
  /** How many channels each of `sums` holds. */
  readonly counts: readonly number[];
  /** map[size,size], 0 to 1, of the GPU's own Grad-CAM. */
  readonly heat: Float32Array;
  readonly side: number;
  /** Whether nothing speaks for the class. */
  readonly empty: boolean;
  /** How far the GPU's own map lies from the one put together here, at most. */
  readonly off: number;
}
