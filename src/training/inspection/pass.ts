/** A pass of its own over copies of the weights, with every map kept: the model stays as it is. */
import type { Plan } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { prepareInference } from '../../shaders/batchnorm/batchnorm.js';
import { sigmoid, softmax } from '../../shaders/loss/loss.js';
import type { Labelled } from '../batch.js';
import { type LayerRoles, layerRoles } from '../layers/layerSettings.js';
import { smoothLabels } from '../losses/loss.js';
import { describeBatch, type ModelContext } from '../model/context.js';
import { InputStage } from '../model/inputStage.js';
import { Parameters } from '../model/parameters.js';
import { recordPass } from '../model/trainingPass.js';
import type { JobWork } from '../model/turns.js';
import type { RecordedNetwork } from '../network.js';
import type { WeightMap } from '../parameterSpec.js';
import type { CompiledTraining } from '../trainingOptions.js';
import { KeepingBuilder } from './source.js';
import { Trace } from './trace.js';

/** What a training pass ends in; all of the plan's own memory. */
export interface LossMaps {
  labels: Tensor;
  constants: Tensor | null;
  loss: Tensor;
  dlogits: Tensor;
}

/** A pass that has run. */
export interface RanPass {
  plan: Plan;
  trace: Trace;
  /** What the input's kernels did; empty for a batch that was normalised before. */
  preprocessing: Trace;
  image: Tensor;
  recorded: RecordedNetwork;
  p: Tensor;
  /** In training. */
  training?: LossMaps & { options: CompiledTraining; roles: LayerRoles };
  /** Copies, with gradients and the next moving averages in training. */
  parameters: Parameters;
  dispose(): void;
}

/** Copies of the model's weights as they are now. @param changed tensors that take the place of the model's */
async function copied(context: ModelContext, training: boolean, changed: WeightMap): Promise<Parameters> {
  const { gpu, network, parameters } = context;
  const own = new Parameters(gpu, network);
  try {
    await own.allocate('weights', 'moving', ...(training ? (['gradients', 'nextMoving'] as const) : []));
    await gpu.guarded('copies of the weights', () => {
      own.takeFrom(parameters, ['weights', 'moving']);
      for (const spec of own.table) {
        const values = changed.get(spec.key);
        if (!values) continue;
        const { buffer } = own.flat(spec.trainable ? 'weights' : 'moving').storage;
        gpu.device.queue.writeBuffer(buffer!, 4 * own.offsetOf(spec), values as Float32Array<ArrayBuffer>);
      }
      if (training) own.beginMoving();
    });
    return own;
  } catch (error) {
    own.dispose();
    throw error;
  }
}

/**
 * Runs a batch through the network, forward and, in training, back.
 * @param batch admitted, with labels in training
 * @param training what is compiled; null for inference
 * @param changed tensors that take the place of the model's
 */
export async function runPass(
  context: ModelContext,
  batch: Labelled,
  training: CompiledTraining | null,
  changed: WeightMap,
  work: JobWork,
): Promise<RanPass> {
  const { gpu, network, variants, kernels } = context;
  const label = `inspect, ${describeBatch(batch)}`;
  const parameters = await copied(context, training !== null, changed);
  let input: InputStage | undefined;
  let plan: Plan | undefined;
  const dispose = () => {
    plan?.dispose();
    input?.dispose();
    parameters.dispose();
  };
  try {
    const stage = await gpu.guarded(label, () => new InputStage(gpu, batch, network.inputChannels));
    input = stage;
    const { image } = stage;
    const make = () => new KeepingBuilder(gpu, label, { variants, kernels });
    const record = (builder: KeepingBuilder) =>
      training
        ? recordTraining(builder, { ...context, parameters }, image, training)
        : recordInference(builder, { ...context, parameters }, image);
    const { builder, recorded } = await recordPlan(gpu, make, (b) => record(b as KeepingBuilder), work);
    plan = await builder.build(work);
    const load = await stage.loader(batch, work);
    const losses = recorded.training;
    await plan.runInSteps(work, () => {
      if (losses) {
        write(context, losses.labels, smoothLabels(batch.labels, losses.options.loss));
        if (losses.constants) write(context, losses.constants, losses.options.loss.constants!);
      }
      load();
    });
    const [trace, preprocessing] = [new Trace(plan.dispatches), new Trace(stage.dispatches)];
    return { ...recorded, plan, trace, preprocessing, image, parameters, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function write({ gpu }: ModelContext, { storage }: Tensor, values: Float32Array): void {
  gpu.device.queue.writeBuffer(storage.buffer!, 0, values as Float32Array<ArrayBuffer>);
}

function recordInference(plan: KeepingBuilder, { network, parameters }: ModelContext, image: Tensor) {
  const affines = new Map<string, Tensor>();
  for (const { name, channels, epsilon } of network.batchNorms) {
    const affine = plan.tensor(`${name} affine`, [1, 1, 2, channels]);
    const moving = parameters.view('moving', `${name}/moving`);
    const gammaBeta = parameters.view('weights', `${name}/gammaBeta`);
    prepareInference(plan, name, { moving, gammaBeta, affine }, { epsilon });
    affines.set(name, affine);
  }
  const mode = { kind: 'inference', affine: (name: string) => affines.get(name)! } as const;
  const recorded = network.record(plan, parameters, image, mode, true);
  const p = plan.tensor('probabilities', recorded.logits.shape);
  const activate = network.activation === 'softmax' ? softmax : sigmoid;
  activate(plan, network.activation, { z: recorded.logits, p });
  return { recorded, p, training: undefined };
}

/** The very dispatches of a training step, as far as its gradients. */
function recordTraining(
  plan: KeepingBuilder,
  context: ModelContext,
  image: Tensor,
  options: CompiledTraining,
) {
  const { network } = context;
  const perClass = [image.shape[0], 1, 1, network.classes] as const;
  const [labels, p, dlogits] = ['labels', 'probabilities', 'dlogits'].map((n) => plan.tensor(n, perClass));
  const loss = plan.tensor('loss', [1, 1, 1, 1]);
  const { constants: given } = options.loss;
  const constants = given && plan.tensor('loss constants', [1, 1, 1, given.length]);
  const roles = layerRoles(network, options.layers);
  const recorded = recordPass(plan, context, options, roles, { image, labels, constants, p, loss, dlogits });
  return { recorded, p, training: { labels, constants, loss, dlogits, options, roles } };
}
