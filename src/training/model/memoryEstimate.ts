/** Whether a batch fits an adapter, from the shapes alone: asked before anything is decoded, compiled or allocated. */

import { OutOfMemoryError } from '../../core/errors.js';
import { byteSize, plural } from '../../core/formatting.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { PlanBuilder } from '../../engine/plan/plan.js';
import * as kernels from '../../shaders/trainingKernels.js';
import type { BatchShape } from '../batch.js';
import type { MapSize, Network } from '../network.js';
import { Parameters } from './parameters.js';

type Mode = 'predict' | 'train';

function largestMap(network: Network): MapSize {
  return network.mapSizes().reduce((most, map) => (map.bytesPerPixel > most.bytesPerPixel ? map : most));
}

/** Bytes of the largest single tensor of a batch. */
export function largestTensor(network: Network, { count, height, width }: BatchShape): number {
  return largestMap(network).bytesPerPixel * count * height * width;
}

/**
 * Bytes that a batch needs at least, weights left out: a training holds the maps that its backward pass
 * reads, a prediction one map at a time.
 */
export function leastBytes(network: Network, mode: Mode, { count, height, width }: BatchShape): number {
  const bytes =
    mode === 'train'
      ? network.mapSizes().reduce((sum, map) => sum + (map.heldInTraining ? map.bytesPerPixel : 0), 0)
      : largestMap(network).bytesPerPixel;
  return bytes * count * height * width;
}

/** Batches of fewer pixels start few workgroups, whatever kernels run: they need no rehearsal. */
const REHEARSED_FROM = 2 ** 20;

/** Records the plan without building it; false where a dispatch would take more workgroups than the adapter has. */
function startable(gpu: Gpu, network: Network, mode: Mode, { count, height, width }: BatchShape): boolean {
  if (count * height * width < REHEARSED_FROM) return true;
  const parameters = new Parameters(gpu, network);
  const plan = new PlanBuilder(gpu, mode);
  const image = plan.tensor('image', [count, height, width, network.inputChannels]);
  const dlogits = plan.tensor('dlogits', [count, 1, 1, network.classes]);
  const affine = (name: string) => plan.tensor(name, parameters.view('moving', `${name}/moving`).shape);
  try {
    const training = { kind: 'training', kernels, rule: 'keras2.3' } as const;
    const kind = mode === 'train' ? training : ({ kind: 'inference', affine } as const);
    const forward = network.record(plan, parameters, image, kind);
    if (mode === 'train') forward.recordBackward(dlogits);
    return true;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return false;
    throw error;
  } finally {
    parameters.dispose();
  }
}

/**
 * @param memory bytes that there are in all, where that is known: a software adapter has the processor's
 * @throws OutOfMemoryError naming the largest image or batch that fits
 */
export function requireRoom(
  gpu: Gpu,
  network: Network,
  mode: Mode,
  shape: BatchShape,
  memory = Number.POSITIVE_INFINITY,
): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
  const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const fits = (tried: BatchShape) =>
    largestTensor(network, tried) <= limit &&
    leastBytes(network, mode, tried) <= memory &&
    startable(gpu, network, mode, tried);
  if (fits(shape)) return;
  const { count, height, width } = shape;
  const batch = `${plural(count, 'image')} of ${width} x ${height} pixels`;
  const [largest, least] = [largestTensor(network, shape), leastBytes(network, mode, shape)];
  const why =
    largest > limit
      ? `the output of ${largestMap(network).layer} would take ${byteSize(largest)}, and this adapter binds at most ` +
        `${byteSize(limit)} at once`
      : least > memory
        ? `it would take more than ${byteSize(least)}, and there are ${byteSize(memory)} of memory`
        : 'it would take more workgroups than this adapter starts at once';
  throw new OutOfMemoryError(`A batch of ${batch} does not fit: ${why}.`, whatFits(network, shape, fits));
}

/** The largest side for this batch, and for a single image. */
function whatFits(network: Network, { count }: BatchShape, fits: (shape: BatchShape) => boolean): string {
  const step = network.sizeMultiple;
  const side = (images: number) => {
    let steps = 0;
    const square = (n: number) => ({ count: images, height: n * step, width: n * step });
    for (let grow = 2 ** 16; grow >= 1; grow /= 2) if (fits(square(steps + grow))) steps += grow;
    return steps * step;
  };
  const [together, alone] = [side(count), side(1)];
  const batch = count === 1 ? 'Single images' : `The images of batches of ${count}`;
  const single = alone > together ? `; single images ${alone} x ${alone}` : '';
  if (together > 0) return `${batch} may have ${together} x ${together} pixels${single}.`;
  return `Give smaller batches${single}.`;
}
