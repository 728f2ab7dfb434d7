/**
 * What training, prediction and inspection ask of a network. They know nothing else of it: whatever fulfils this
 * interface runs on `model/model.ts`.
 */
import { shown } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { PlanBuilder } from '../engine/plan/plan.js';
import type { Tensor } from '../engine/plan/tensor.js';
import type { MovingVarianceRule } from '../shaders/batchnorm/batchnorm.js';
import type { Parameters } from './model/parameters.js';
import type { ParameterTable } from './parameterSpec.js';

export interface Network extends ParameterTable {
  readonly inputChannels: number;
  readonly classes: number;
  /** What makes probabilities of the logits; every loss is for one of them. */
  readonly activation: 'sigmoid' | 'softmax';
  /** Height and width of an image are multiples of this, in pixels. */
  readonly sizeMultiple: number;
  /** In the order of computation. */
  readonly batchNorms: readonly BatchNormSpec[];
  /**
   * All layers in the order of computation, by which `inspect` finds what each gives: dispatches are labelled with
   * their layer's name. Without them `inspect` hands over the maps of `record`.
   */
  readonly layers?: readonly NetworkLayer[];

  /** The maps that have memory of their own in a forward pass, the image among them. */
  mapSizes(): MapSize[];

  /**
   * Records the forward pass of a batch.
   * @param image image[b,h,w,inputChannels]; h and w multiples of `sizeMultiple`
   * @param keep hold every map until the end, so that it can be read back after a run
   */
  record(
    plan: PlanBuilder,
    parameters: Parameters,
    image: Tensor,
    mode: ForwardMode,
    keep?: boolean,
  ): RecordedNetwork;
}

/** A layer of a network as a graph. What means nothing for a kind is neutral: kernel 1, stride 1, pad 0. */
export interface NetworkLayer {
  readonly name: string;
  readonly kind:
    | 'input'
    | 'zeropad'
    | 'conv'
    | 'batchnorm'
    | 'relu'
    | 'maxpool'
    | 'avgpool'
    | 'concat'
    | 'gap'
    | 'dense';
  /** Layers whose maps it reads; a concatenation [what was there, the new channels]. */
  readonly inputs: readonly string[];
  /** Channels of its map. */
  readonly cout: number;
  /** Side of the window, its stride, and zeros on each side. */
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

export interface BatchNormSpec {
  /** The layer's name: its tensors are `${name}/gamma` and so on. */
  readonly name: string;
  readonly channels: number;
  readonly epsilon: number;
}

export interface MapSize {
  /** The layer that makes the map. */
  readonly layer: string;
  /** Bytes per pixel of the image, for images whose sides are multiples of `sizeMultiple`. */
  readonly bytesPerPixel: number;
  /** Whether a training step holds the map until its backward pass has read it. */
  readonly heldInTraining: boolean;
}

/** What only a training records: handed to a network, so that one that predicts need not be shipped with it. */
export type TrainingKernels = typeof import('../shaders/trainingKernels.js');

export type ForwardMode =
  /**
   * Batch statistics; the next moving averages take a step. `kernels`: src/shaders/trainingKernels.ts. Where `frozen`
   * is left out, all layers learn.
   */
  | { kind: 'training'; kernels: TrainingKernels; rule: MovingVarianceRule; frozen?: FrozenLayers }
  /** Moving averages, through affines prepared beforehand. */
  | { kind: 'inference'; affine: (batchNorm: string) => Tensor };

/** Layers that do not learn, by name. The backward pass need not make their gradients, and does not look at them. */
export interface FrozenLayers {
  readonly layers: ReadonlySet<string>;
  /** Frozen batch norms: by their moving averages, which stay; or by the batch's statistics, as if they learned. */
  readonly norms: 'inference' | 'training';
}

/** A forward pass as recorded. */
export interface RecordedNetwork {
  /** logits[b,1,1,classes] */
  readonly logits: Tensor;
  /** Every stored map by Keras' name of the layer that makes it, in the order of computation, logits last. */
  readonly maps: readonly [name: string, map: Tensor][];
  readonly cam: CamInputs;
  /**
   * Records the backward pass into the same plan, behind a forward pass in training mode without `keep`; gradients
   * land in the parameters' gradient buffer.
   * @param dlogits gradient of the loss with respect to the logits, [b,1,1,classes]
   */
  recordBackward(dlogits: Tensor): void;
}

/** What Grad-CAM reads: logits = bias + weights . mean over h and w of relu(affine(features)). */
export interface CamInputs {
  /** features[b,h,w,c] */
  readonly features: Tensor;
  /** [scale | shift][c] of the batch norm in front of the last ReLU; absent where there is none. */
  readonly affine?: Tensor;
  /** weights[1,1,c,classes] */
  readonly weights: Tensor;
}

/** Throws UsageError unless `size`, in pixels, is a multiple of the network's `sizeMultiple`. */
export function checkImageSize(
  { name, sizeMultiple: multiple }: Pick<Network, 'name' | 'sizeMultiple'>,
  size: number,
): void {
  if (Number.isInteger(size) && size >= multiple && size % multiple === 0) return;
  const below = Math.max(multiple, Math.floor(size / multiple) * multiple);
  const near = Number.isFinite(size) ? [...new Set([below, below + multiple])] : [multiple];
  throw new UsageError(
    `Image size ${shown(size)} is not a multiple of ${multiple}, which ${name} needs.`,
    `Use for example ${near.join(' or ')}.`,
  );
}
