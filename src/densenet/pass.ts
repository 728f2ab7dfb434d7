/** What the parts of one recorded pass share: where to record, the network's numbers, and convolutions by the table. */
import type { PlanBuilder } from '../engine/plan/plan.js';
import type { Tensor } from '../engine/plan/tensor.js';
import type { Parts } from '../shaders/batchnorm/batchnorm.js';
import { convForward } from '../shaders/conv/forward/forward.js';
import { outputSide } from '../shaders/conv/shape.js';
import type { Learning } from '../training/layers/learning.js';
import type { Parameters } from '../training/model/parameters.js';
import type { ForwardMode, RecordedNetwork, TrainingKernels } from '../training/network.js';
import type { DenseNetConfig } from './architecture.js';
import type { Operation } from './layerGroups.js';

export interface Pass {
  readonly config: DenseNetConfig;
  readonly plan: PlanBuilder;
  readonly parameters: Parameters;
  readonly mode: ForwardMode;
  readonly training: boolean;
  /** What a training records beside the forward pass; absent in inference. */
  readonly kernels: TrainingKernels | undefined;
  readonly learning: Learning;
  /** Every map is to be held until the end. */
  readonly keep: boolean;
}

/** The stem, a dense layer or a transition whose forward pass is recorded. */
export interface RecordedPart {
  readonly maps: RecordedNetwork['maps'];
  /** Records the way back, when all that reads what this part makes has gone back. */
  backward(): void;
}

export function weight({ parameters }: Pass, key: string): Tensor {
  return parameters.view('weights', key);
}

export function gradient({ parameters }: Pass, key: string): Tensor {
  return parameters.view('gradients', key);
}

/** Where the gradient of a batch norm's gamma and beta goes; of a frozen one nobody reads it. */
export function normGradient(pass: Pass, name: string): Tensor {
  const own = gradient(pass, `${name}/gammaBeta`);
  return pass.learning.learns(name) ? own : tensorLike(pass, `${name} unused gradient`, own);
}

/** The kernel of a convolution or of the dense layer. */
export function kernelOf(pass: Pass, { layer }: Operation): Tensor {
  return weight(pass, `${layer.name}/kernel`);
}

/** A map of its own for what an operation makes of x. */
export function outputOf({ plan, keep }: Pass, { layer, window }: Operation, x: Tensor): Tensor {
  const [b, h, w] = x.shape;
  const shape = [b, outputSide(h, window), outputSide(w, window), layer.cout] as const;
  return plan.tensor(layer.name, shape, keep);
}

/** A temporary tensor of the shape of another. */
export function tensorLike({ plan }: Pass, label: string, { shape }: Tensor): Tensor {
  return plan.tensor(label, shape);
}

/**
 * The convolution of a row of the table.
 * @param affine of the batch norm in front, which a ReLU follows
 * @param after of the batch norm behind, with its ReLU
 * @returns statistics of y in slices, where they are wanted and the kernel can count them
 */
export function convolve(
  pass: Pass,
  operation: Operation,
  tensors: { x: Tensor; affine?: Tensor; after?: Tensor; y: Tensor },
  { statistics }: { statistics: boolean },
): Parts | undefined {
  const weights = kernelOf(pass, operation);
  const { layer, window } = operation;
  return convForward(pass.plan, layer.name, { ...tensors, weights }, window, { statistics });
}

/** Gradient of the kernel of a convolution that read x, through affine and ReLU if there; none if it is frozen. */
export function kernelGradient(
  pass: Pass,
  { layer, window }: Operation,
  tensors: { x: Tensor; affine?: Tensor; dy: Tensor },
): void {
  if (!pass.learning.learns(layer.name)) return;
  const dw = gradient(pass, `${layer.name}/kernel`);
  pass.kernels!.convBackwardWeights(pass.plan, layer.name, { ...tensors, dw }, window);
}
