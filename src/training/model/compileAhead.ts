/**
 * Kernels of a prediction, compiled while its weights are still on their way: which they are depends on shapes alone.
 */

import type { Gpu } from '../../engine/device/gpu.js';
import { PlanBuilder } from '../../engine/plan/plan.js';
import { paperTensor } from '../../engine/plan/tensor.js';
import { sigmoid, softmax } from '../../shaders/loss/loss.js';
import type { BatchShape } from '../batch.js';
import type { Network } from '../network.js';
import { Parameters } from './parameters.js';

/**
 * Has the driver begin to compile the forward pass of a batch. A model that is made on this Gpu for another network or
 * another size uses what it can of it. What does not compile is said by the model's call, if that wants it.
 * @returns settles when the driver is at it, on threads of its own
 * @throws what recording throws: GpuError, OutOfMemoryError
 */
export async function compileAhead(
  gpu: Gpu,
  network: Network,
  { count, height, width }: BatchShape,
): Promise<void> {
  const plan = new PlanBuilder(gpu, 'ahead');
  const parameters = new Parameters(gpu, network);
  const image = paperTensor('image', [count, height, width, network.inputChannels]);
  const affine = (norm: string) => paperTensor(norm, parameters.view('moving', `${norm}/moving`).shape);
  const { logits } = network.record(plan, parameters, image, { kind: 'inference', affine });
  const activate = network.activation === 'softmax' ? softmax : sigmoid;
  activate(plan, network.activation, { z: logits, p: paperTensor('p', logits.shape) });
  await Promise.all(
    plan.soFar.dispatches.map(({ kernel, constants }) => gpu.beginCompiling(kernel, constants ?? {})),
  );
}
