import { describe, expect, it } from 'vitest';
import { fixedTensor, type Plan, PlanBuilder } from '../../../src/engine/plan/plan.js';
import { elements, type Tensor } from '../../../src/engine/plan/tensor.js';
import { adamRate, adamStep } from '../../../src/shaders/adam/adam.js';
import type { Shape } from '../../../src/shaders/checkCase.js';
import { sigmoid } from '../../../src/shaders/loss/loss.js';
import { weightedLoss } from '../../../src/shaders/loss/weighted/weighted.js';
import { normalise, pixelWords, samplewiseMoments } from '../../../src/shaders/preprocess/preprocess.js';
import { ALL_KERNELS } from '../../../src/shaders/registry.js';
import { resizeBilinear } from '../../../src/shaders/resize/resize.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();

const VARIANTS = ['naive', 'vec4'];
/** The wanted one, where the operation has it. */
const variantOf = (op: string, wanted: string) =>
  ALL_KERNELS.some((kernel) => kernel.name === `${op}.${wanted}`) ? wanted : 'naive';

interface Given {
  shape: Shape;
  /** Values of an input; without them it is an output. */
  values?: ArrayLike<number>;
  dtype?: 'u32';
}

/** Runs what `record` records once, every operation in the same variant, and reads all tensors back. */
async function run<K extends string>(
  ops: string[],
  variant: string,
  given: Record<K, Given>,
  record: (plan: PlanBuilder, tensors: Record<K, Tensor>) => void,
): Promise<Record<K, number[]>> {
  const names = Object.keys(given) as K[];
  const tensors = {} as Record<K, Tensor>;
  let plan: Plan | undefined;
  try {
    await gpu.guarded('tensors', () => {
      for (const name of names) {
        const { shape, values, dtype } = given[name];
        tensors[name] = fixedTensor(gpu, name, shape);
        const content = values ?? Array(elements(shape)).fill(Number.NaN);
        const data = dtype ? Uint32Array.from(content) : Float32Array.from(content);
        gpu.device.queue.writeBuffer(tensors[name].storage.buffer!, 0, data);
      }
    });
    const variants = Object.fromEntries(ops.map((op) => [op, variantOf(op, variant)]));
    const builder = new PlanBuilder(gpu, 'vector', { variants });
    record(builder, tensors);
    plan = await builder.build();
    for (const op of ops) {
      const ran = plan.dispatches.filter((d) => d.kernel.op === op).map((d) => d.kernel.variant);
      expect(ran).toContain(variants[op]);
    }
    plan.run();
    const read = {} as Record<K, number[]>;
    for (const name of names) {
      const bytes = await gpu.read(tensors[name].storage.buffer!, 0, 4 * elements(given[name].shape));
      read[name] = Array.from(given[name].dtype ? new Uint32Array(bytes) : new Float32Array(bytes));
    }
    return read;
  } finally {
    plan?.dispose();
    for (const tensor of Object.values<Tensor>(tensors)) gpu.destroyBuffer(tensor.storage.buffer!);
  }
}

function expectAll(got: number[], want: number[], tolerance: number) {
  expect(got.length).toBe(want.length);
  want.forEach((v, i) => {
    expect(Math.abs(got[i] - v), `[${i}] ${got[i]} for ${v}`).toBeLessThanOrEqual(tolerance);
  });
}

const LABELS = [1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1];
const POSITIVE = [0.25, 0.25, 0.5];
const NEGATIVE = [0.75, 0.75, 0.5];

function lossOf(variant: string, z: number[], labels: number[], weights: number[], epsilon?: number) {
  const classes = weights.length / 2;
  const shape: Shape = [z.length / classes, 1, 1, classes];
  return run(
    ['loss.weighted', 'loss.sum'],
    variant,
    {
      z: { shape, values: z },
      labels: { shape, values: labels },
      weights: { shape: [1, 1, 1, 2 * classes], values: weights },
      p: { shape },
      loss: { shape: [1, 1, 1, 1] },
      dz: { shape },
    },
    (plan, t) => weightedLoss(plan, 'vector', t, { epsilon }),
  );
}

describe.each(VARIANTS)('vectors of the specification, %s kernels', (variant) => {
  it("the notebook's loss: -0.4956 with epsilon 1, at p = 0.7 and at p = 0.3", async () => {
    const z = Math.log(0.7 / 0.3);
    for (const logit of [z, -z]) {
      const { p, loss } = await lossOf(variant, Array(12).fill(logit), LABELS, [...POSITIVE, ...NEGATIVE], 1);
      expectAll(p, Array(12).fill(logit > 0 ? 0.7 : 0.3), 2e-7);
      expect(loss[0].toFixed(4)).toBe('-0.4956');
      expectAll(loss, [-0.49562032220603847], 3e-7);
      const usual = await lossOf(variant, Array(12).fill(logit), LABELS, [...POSITIVE, ...NEGATIVE]);
      expectAll(usual.loss, [0.9754045450464113], 1e-6);
    }
  });

  it('loss and gradient at mixed logits', async () => {
    const z = [0.5, -1, 2, -0.25, 3, -2, 1.5, 0, -0.5, -3, 0.75, 1];
    const usual = await lossOf(variant, z, LABELS, [...POSITIVE, ...NEGATIVE]);
    expectAll(usual.loss, [1.0625522132568803], 1e-6);
    const dz = [
      -0.023596288, -0.0456911442, -0.0149003636, -0.0351360233, -0.0029641168, 0.0149003636, 0.1532951303,
      -0.0312499938, 0.047192576, -0.0595357574, 0.1273459664, -0.0336176731,
    ];
    expectAll(usual.dz, dz, 1e-7);
    const one = await lossOf(variant, z, LABELS, [...POSITIVE, ...NEGATIVE], 1);
    expectAll(one.loss, [-0.5084878634376226], 1e-6);
    expectAll(one.dz.slice(0, 3), [-0.0090527582, -0.0096838559, -0.006977998], 1e-7);
  });

  it('first loss of a zero-logit head on the training set', async () => {
    const counts = [20, 13, 128, 2, 175, 45, 54, 106, 38, 21, 10, 14, 16, 33];
    const frequency = counts.map((n) => n / 1000);
    const labels = Array.from({ length: 1000 * 14 }, (_, i) => (Math.floor(i / 14) < counts[i % 14] ? 1 : 0));
    const { loss } = await lossOf(variant, Array(1000 * 14).fill(0), labels, [
      ...frequency.map((f) => 1 - f),
      ...frequency,
    ]);
    expectAll(loss, [0.84247], 1e-5);
  });

  it('saturates as float32 does: p is exactly 1 and 0, its gradient exactly 0', async () => {
    const z = [100, -100, 40, -100, 100];
    const { p } = await run(
      ['loss.sigmoid'],
      variant,
      { z: { shape: [1, 1, 1, 5], values: z }, p: { shape: [1, 1, 1, 5] } },
      (plan, t) => sigmoid(plan, 'vector', t),
    );
    expect(p).toEqual([1, 0, 1, 0, 1]);
    const { p: same, dz, loss } = await lossOf(variant, z, [0, 1, 1, 0, 1], Array(10).fill(1));
    expect(same).toEqual(p);
    expect(dz.map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    // Two wrong answers cost -ln(1e-7) each; three right ones -ln(1 + 1.19e-7).
    expectAll(loss, [2 * 16.118095 - 3 * 1.19e-7], 1e-4);
  });

  it('four Adam steps of one parameter, with the float32 rounding of Keras', async () => {
    // Five copies: four for the vec4 and one for the tail.
    const shape: Shape = [1, 1, 1, 5];
    const copies = (value: number): Given => ({ shape, values: Array(5).fill(value) });
    const hyper = (t: number): Given => ({
      shape: [1, 1, 1, 4],
      values: [adamRate(0.001, 0.9, 0.999, t), 0.9, 0.999, 1e-7],
    });
    expect(adamRate(0.001, 0.9, 0.999, 1)).toBeCloseTo(0.001 * (Math.sqrt(0.001) / 0.1), 15);
    const gradients = [0.1, -0.2, 0.3, 1e-6];
    const weights = [0.9990000128746033, 0.9993661046028137, 0.9990228414535522, 0.9987416863441467];
    for (let steps = 1; steps <= 4; steps++) {
      const { w } = await run(
        ['adam.step'],
        variant,
        {
          w: copies(1),
          m: copies(0),
          v: copies(0),
          g1: copies(gradients[0]),
          g2: copies(gradients[1]),
          g3: copies(gradients[2]),
          g4: copies(gradients[3]),
          h1: hyper(1),
          h2: hyper(2),
          h3: hyper(3),
          h4: hyper(4),
        },
        (plan, { w, m, v, ...t }) => {
          const inputs = [
            [t.g1, t.h1],
            [t.g2, t.h2],
            [t.g3, t.h3],
            [t.g4, t.h4],
          ];
          for (const [gradient, hyper] of inputs.slice(0, steps)) {
            adamStep(plan, 'vector', { w, gradient, m, v, hyper });
          }
        },
      );
      expectAll(w, Array(5).fill(weights[steps - 1]), 1.2e-7);
    }
  });

  it('samplewise normalisation of a 2x2 image', async () => {
    const bytes = Uint8Array.from([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255]);
    const { moments, x } = await run(
      ['preprocess.normalise', 'preprocess.sums', 'preprocess.squares', 'preprocess.moments'],
      variant,
      {
        pixels: { shape: [1, 1, 1, 3], values: new Uint32Array(bytes.buffer), dtype: 'u32' },
        moments: { shape: [1, 1, 1, 6] },
        x: { shape: [1, 2, 2, 3] },
      },
      (plan, t) => {
        samplewiseMoments(plan, 'vector', t, { height: 2, width: 2, channels: 3, epsilon: 1e-6 });
        normalise(plan, 'vector', t, { channels: 3 });
      },
    );
    expectAll([moments[0], 1 / moments[5]], [67.08333, 64.24103], 1e-5);
    expectAll(
      x,
      [
        -1.0442444, -0.8885807, -0.7329169, -0.5772532, -0.4215894, -0.2659256, -0.1102619, 0.0454019,
        0.2010656, 0.3567294, 0.5123932, 2.9251814,
      ],
      1e-6,
    );
  });

  it('featurewise and plain pixels: the host writes the moments; gray goes to three channels', async () => {
    const bytes = Uint8Array.from([0, 7, 128, 255]);
    const pixels: Given = { shape: [1, 1, 1, 1], values: new Uint32Array(bytes.buffer), dtype: 'u32' };
    for (const [values, want] of [
      [[0, 0, 0, 1, 1, 1], (v: number) => v],
      [[127, 120, 100, 0.5, 0.25, 0.125], (v: number, c: number) => (v - [127, 120, 100][c]) * 2 ** -(c + 1)],
    ] as const) {
      const { x } = await run(
        ['preprocess.normalise'],
        variant,
        { pixels, moments: { shape: [1, 1, 1, 6], values }, x: { shape: [1, 2, 2, 3] } },
        (plan, t) => normalise(plan, 'vector', t, { channels: 1 }),
      );
      expect(x).toEqual(Array.from({ length: 12 }, (_, i) => want(bytes[Math.floor(i / 3)], i % 3)));
    }
  });

  it('sums a white 1024x1024 RGB image without overflow; a constant image becomes 0', async () => {
    const [height, width] = [1024, 1024];
    const { moments, x } = await run(
      ['preprocess.moments', 'preprocess.sums', 'preprocess.squares', 'preprocess.normalise'],
      variant,
      {
        pixels: {
          shape: [1, 1, 1, pixelWords(1, height, width, 3)],
          values: new Uint32Array(pixelWords(1, height, width, 3)).fill(0xffffffff),
          dtype: 'u32',
        },
        moments: { shape: [1, 1, 1, 6] },
        x: { shape: [1, height, width, 3] },
      },
      (plan, t) => {
        samplewiseMoments(plan, 'vector', t, { height, width, channels: 3, epsilon: 1e-6 });
        normalise(plan, 'vector', t, { channels: 3 });
      },
    );
    expect(moments.slice(0, 3)).toEqual([255, 255, 255]);
    expectAll(moments.slice(3), [1e6, 1e6, 1e6], 1);
    expect(x.every((v) => v === 0)).toBe(true);
  });

  it('refuses an image whose sum could overflow', async () => {
    const record = () =>
      run(
        ['preprocess.moments'],
        variant,
        {
          pixels: { shape: [1, 1, 1, 4], values: [1, 2, 3, 4], dtype: 'u32' },
          moments: { shape: [1, 1, 1, 6] },
        },
        (plan, t) =>
          samplewiseMoments(plan, 'vector', t, { height: 4096, width: 4097, channels: 1, epsilon: 1e-6 }),
      );
    await expect(record()).rejects.toThrow('An image of 4096x4097x1 is too large.');
  });

  it("OpenCV's places and weights, 10 to 320", async () => {
    const { y } = await run(
      ['resize.bilinear'],
      variant,
      {
        x: { shape: [1, 1, 10, 1], values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
        y: { shape: [1, 1, 320, 1] },
      },
      (plan, t) => resizeBilinear(plan, 'vector', t),
    );
    expect(y.slice(0, 18)).toEqual([...Array(16).fill(0), 0.015625, 0.046875]);
    expect(y.slice(304)).toEqual(Array(16).fill(9));
    expectAll(
      y,
      Array.from({ length: 320 }, (_, d) => Math.min(9, Math.max(0, (d + 0.5) / 32 - 0.5))),
      1e-6,
    );
  });
});
