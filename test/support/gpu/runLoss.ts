/** A loss on the GPU, by itself; and the values of Keras, PyTorch and torchvision that losses are held against. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { fixedTensor, PlanBuilder } from '../../../src/engine/plan/plan.js';
import { elements, type Tensor } from '../../../src/engine/plan/tensor.js';
import { type Loss, smoothLabels } from '../../../src/training/losses/loss.js';

type Matrix = number[][];

interface LossAndGradient {
  loss: number;
  dz: Matrix;
}

interface Golden {
  z: Matrix;
  labels: Matrix;
  /** The labels, null where unknown. */
  masked: (number | null)[][];
  /** Of the focal losses, in their order. */
  settings: { gamma: number; alpha: number }[];
  keras: {
    bce: Record<'keras' | 'torch' | 'torchMasked', LossAndGradient> & { kerasClipped: number };
    focal: LossAndGradient[];
  };
  torchvision: Record<'focal' | 'focalMasked', LossAndGradient[]>;
}

export const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/training/losses.json', import.meta.url), 'utf8'),
);
export const CLASSES = golden.z[0].length;
export const Z = golden.z.flat();
export const LABELS = golden.labels.flat();
export const MASKED = golden.masked.flat().map((label) => label ?? Number.NaN);

/** Within what float32 keeps of numbers made of whole logits. */
export function expectNear(got: ArrayLike<number>, want: readonly number[]): void {
  const { ratio, ...worst } = worstDifference(got, want, TOLERANCE.f32Small);
  expect(ratio, JSON.stringify(worst)).toBeLessThanOrEqual(1);
}

/** Probabilities of logits in float64. */
export const sigmoids = (z: readonly number[]) => z.map((v) => 1 / (1 + Math.exp(-v)));

/** p[b,classes], the loss and dz[b,classes] of logits and labels, poisoned before they are written. */
export async function runLoss(gpu: Gpu, loss: Loss, z: number[], labels: number[], classes = CLASSES) {
  const shape = [z.length / classes, 1, 1, classes] as const;
  const one = [1, 1, 1, 1] as const;
  const tensor = (label: string, values: ArrayLike<number>, of: Tensor['shape'] = shape) => {
    const made = fixedTensor(gpu, label, of);
    gpu.device.queue.writeBuffer(made.storage.buffer!, 0, Float32Array.from(values));
    return made;
  };
  const poison = Array(z.length).fill(Number.NaN);
  const tensors = await gpu.guarded('tensors', () => ({
    z: tensor('z', z),
    labels: tensor('labels', smoothLabels(Float32Array.from(labels), loss)),
    p: tensor('p', poison),
    dz: tensor('dz', poison),
    loss: tensor('loss', [Number.NaN], one),
    constants: loss.constants && tensor('constants', loss.constants, [1, 1, 1, loss.constants.length]),
  }));
  const builder = new PlanBuilder(gpu, 'loss');
  loss.record(builder, 'loss', tensors);
  const plan = await builder.build();
  try {
    await gpu.guarded('loss', () => plan.run());
    const read = async ({ storage, shape: of }: Tensor) =>
      new Float32Array(await gpu.read(storage.buffer!, 0, 4 * elements(of)));
    return { p: await read(tensors.p), loss: (await read(tensors.loss))[0], dz: await read(tensors.dz) };
  } finally {
    plan.dispose();
    for (const t of Object.values(tensors)) if (t) gpu.destroyBuffer(t.storage.buffer!);
  }
}
