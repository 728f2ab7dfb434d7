/**
 * What every layer gives, map by map: for comparing with another engine, for finding the first layer that went
 * wrong, and for showing how the network works.
 */

import type { Gpu } from '../../engine/device/gpu.js';
import { type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import { elements, type Tensor } from '../../engine/plan/tensor.js';
import type { Batch } from '../batch.js';
import { describeBatch, type ModelContext } from './context.js';
import { InputStage } from './inputStage.js';
import type { JobWork } from './turns.js';

export interface LayerOutput {
  /** Keras' name of the layer; the head's values are logits, before the sigmoid or softmax. */
  name: string;
  /** [b,h,w,c]; h and w are 1 behind the global pool. */
  shape: readonly [number, number, number, number];
  /** Values in C order. */
  values: Float32Array;
}

/** Reads a map of a plan that has run; in C order, without the channels of other layers. */
export async function readMap(gpu: Gpu, map: Tensor): Promise<Float32Array> {
  const { storage, shape, pixelStride, channelOffset } = map;
  const wide = new Float32Array(await gpu.read(storage.buffer!, storage.byteOffset, storage.bytes));
  const channels = shape[3];
  if (pixelStride === channels) return wide;
  const values = new Float32Array(elements(shape));
  for (let pixel = 0; pixel * channels < values.length; pixel++) {
    const from = pixel * pixelStride + channelOffset;
    values.set(wide.subarray(from, from + channels), pixel * channels);
  }
  return values;
}

/** A batch's maps, all of them on the GPU. */
export interface Inspection {
  /** In the order of computation. */
  readonly maps: readonly [name: string, map: Tensor][];
  read(map: Tensor): Promise<Float32Array>;
  dispose(): void;
}

/**
 * Runs a batch in inference mode with every map kept, in memory of its own.
 * @param affine the prepared affine of each batch norm
 */
export async function inspectForward(
  context: ModelContext,
  batch: Batch,
  affine: (batchnorm: string) => Tensor,
  work: JobWork,
): Promise<Inspection> {
  const { gpu, network, parameters, variants } = context;
  const label = `inspect, ${describeBatch(batch)}`;
  const input = await gpu.guarded(label, () => new InputStage(gpu, batch, network.inputChannels));
  const make = () => new PlanBuilder(gpu, label, { variants });
  const mode = { kind: 'inference', affine } as const;
  let plan: Plan | undefined;
  const dispose = () => {
    plan?.dispose();
    input.dispose();
  };
  try {
    const record = (builder: PlanBuilder) => network.record(builder, parameters, input.image, mode, true);
    const { builder, recorded } = await recordPlan(gpu, make, record, work);
    plan = await builder.build(work);
    await plan.runInSteps(work, await input.loader(batch, work));
    return { maps: recorded.maps, read: (map) => readMap(gpu, map), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
