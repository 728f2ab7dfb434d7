/** What the tests of every optimizer ask: golden steps, and a whole network against float64 on its own gradients. */
import { expect, it } from 'vitest';
import { NonFiniteError } from '../../../src/core/errors.js';
import { TOLERANCE, type Tolerance, worstDifference } from '../../../src/core/tolerance.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import type { Dense } from '../../../src/shaders/checkCase.js';
import { complete, type Optimizer } from '../../../src/training/optimizers/optimizer.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { changed, TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';
import { type GoldenCase, goldenCases, inFloat64, onGpu, referenceStep } from './goldenSteps.js';

export const ratio = (got: ArrayLike<number>, want: ArrayLike<number>, near: Tolerance = TOLERANCE.f64) =>
  worstDifference(got, want, near).ratio;

/** Declares the tests of the golden cases of one optimizer. */
export function itTakesGoldenSteps(optimizer: string, gpu: () => Gpu): void {
  it.each(goldenCases(optimizer))("takes Keras' steps with %s", async (_, one: GoldenCase) => {
    const { weights, padding } = await onGpu(gpu(), one);
    const exact = inFloat64(one);
    for (const [step, want] of Object.entries(one.keras)) {
      expect(ratio(exact[Number(step) - 1], want)).toBeLessThan(1);
      expect(ratio(weights[Number(step) - 1], want, TOLERANCE.f32)).toBeLessThan(1);
    }
    expect(padding.length).toBeGreaterThan(100);
    expect(padding.every((x) => x === 0)).toBe(true);
  });
}

const batch = (i: number) =>
  changed(tinyBatch(0), { pixels: tinyBatch(0).pixels.map((p, at) => (p + 37 * i * (at % 5)) & 255) });

/** Trains a small network and repeats every update in float64, from the weights before and the gradients. */
export function itTrainsANetwork(optimizer: Optimizer, gpu: () => Gpu): void {
  it('moves a whole network as float64 moves it by the same gradients', async () => {
    const model = await DenseNet.create(gpu(), { config: TINY, weights: generatedWeights(TINY, 3) });
    await model.compile({ ...TINY_LOSS, optimizer });
    const chosen = complete(optimizer.kind, optimizer.settings);
    for (let t = 1; t <= 3; t++) {
      const [weights, before] = [await model.exportWeights(), await model.exportOptimizer()];
      await model.trainStep(batch(t));
      const [after, state] = [await model.exportWeights(), await model.exportOptimizer()];
      const gradients = await model.gradients();
      expect(state).toMatchObject({ optimizer: optimizer.kind.name, iterations: t });
      for (const spec of model.network.parameters.filter(({ trainable }) => trainable)) {
        const dense = (data: Float32Array): Dense => ({
          shape: [1, 1, 1, data.length],
          data: Float64Array.from(data),
        });
        const now: Record<string, Dense> = { w: dense(weights.get(spec.key)!) };
        for (const slot of Object.keys(before.slots)) now[slot] = dense(before.slots[slot].get(spec.key)!);
        const want = referenceStep(chosen, t, spec, now, gradients.get(spec.key)!);
        expect(ratio(after.get(spec.key)!, want.w.data, TOLERANCE.f32)).toBeLessThan(1);
        for (const slot of Object.keys(state.slots)) {
          expect(ratio(state.slots[slot].get(spec.key)!, want[slot].data, TOLERANCE.f32)).toBeLessThan(1);
        }
      }
    }
    await model.dispose();
  });
}

/** Stops a training, and goes on from what it exported. */
export function itGoesOn(optimizer: Optimizer, gpu: () => Gpu): void {
  it('goes on from an exported state bit for bit, and not without it', async () => {
    const model = await DenseNet.create(gpu(), { config: TINY, weights: generatedWeights(TINY, 3) });
    const steps = async (from: number, to: number) => {
      const losses: number[] = [];
      for (let i = from; i < to; i++) losses.push(await model.trainStep(batch(i)));
      return losses;
    };
    await model.compile({ ...TINY_LOSS, optimizer });
    await steps(0, 3);
    const [weights, state] = [await model.exportWeights(), await model.exportOptimizer()];
    const want = [await steps(3, 6), await model.exportWeights()];
    await model.importWeights(weights);
    await model.compile({ ...TINY_LOSS, optimizer: state });
    expect([await steps(3, 6), await model.exportWeights()]).toEqual(want);
    await model.importWeights(weights);
    await model.compile({ ...TINY_LOSS, optimizer });
    expect(await steps(3, 6)).not.toEqual(want[0]);
    await model.dispose();
  });
}

/** A step that would leave what is not finite is refused with the place, and leaves all as it was. */
export function itRefusesWhole(optimizer: Optimizer, message: RegExp, gpu: () => Gpu): void {
  it('refuses a step whose update is not finite, and all is as before it', async () => {
    const model = await DenseNet.create(gpu(), { config: TINY, weights: generatedWeights(TINY, 3) });
    const large = { posWeights: [1e4, 1e4], negWeights: [1e4, 1e4] };
    await model.compile({ ...large, optimizer });
    const held = async () => [await model.exportWeights(), await model.exportOptimizer()];
    const before = await held();
    const error = await model.trainStep(batch(1)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(message);
    expect(await held()).toEqual(before);
    model.setLearningRate(1e-30);
    expect(await model.trainStep(batch(1))).toBeGreaterThan(0);
    await model.dispose();
  });
}
