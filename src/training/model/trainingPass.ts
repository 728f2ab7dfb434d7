/** Forward, loss, backward: what a training step and an inspection of one have in common. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import * as kernels from '../../shaders/trainingKernels.js';
import type { LayerRoles } from '../layers/layerSettings.js';
import type { LossTensors } from '../losses/loss.js';
import type { ForwardMode, RecordedNetwork } from '../network.js';
import type { CompiledTraining } from '../trainingOptions.js';
import type { ModelContext } from './context.js';

export function forwardMode(options: CompiledTraining, { frozen }: LayerRoles): ForwardMode {
  const { movingVarianceRule: rule = 'keras2.3' } = options;
  return { kind: 'training', kernels, rule, frozen };
}

/** Forward, loss, backward: a step as far as its gradients. */
export function recordPass(
  plan: PlanBuilder,
  { network, parameters }: ModelContext,
  options: CompiledTraining,
  roles: LayerRoles,
  { image, dlogits, ...tensors }: Omit<LossTensors, 'z' | 'dz'> & { image: Tensor; dlogits: Tensor },
): RecordedNetwork {
  const forward = network.record(plan, parameters, image, forwardMode(options, roles));
  options.loss.record(plan, 'loss', { ...tensors, z: forward.logits, dz: dlogits });
  forward.recordBackward(dlogits);
  return forward;
}
