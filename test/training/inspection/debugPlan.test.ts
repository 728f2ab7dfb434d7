/** The debugger of plans against `inspect`, `trainStep` and `predict` on the same batch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { elements } from '../../../src/engine/plan/tensor.js';
import { debugPlan, type PlanDebugger } from '../../../src/training/inspection/debugPlan.js';
import type { InspectedMap } from '../../../src/training/inspection/inspect.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, TINY_SIDE, tinyBatch } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();
let model: DenseNet;
const batch = tinyBatch(1);
beforeAll(async () => {
  model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
  await model.compile({ ...TINY_LOSS, clipNorm: 0.1 });
  // What the model itself needs is there; its optimizer is under way.
  await model.predict(batch);
  await model.trainStep(batch);
});
afterAll(() => model.dispose());

async function within(kind: 'predict' | 'train', use: (debug: PlanDebugger) => Promise<void>): Promise<void> {
  const before = gpu.allocatedBytes;
  const debug = await debugPlan(model, batch, { kind });
  await use(debug);
  await debug.dispose();
  expect(gpu.allocatedBytes).toBe(before);
}

const find = ({ dispatches }: PlanDebugger, label: string, op: string) =>
  dispatches.findIndex((one) => one.label === label && one.op === op);

describe('a training step', () => {
  it('has behind every dispatch what inspect finds there, and leaves the model as it is', async () => {
    const before = [await model.exportWeights(), await model.exportOptimizer()];
    const maps: InspectedMap[] = [];
    const visit = (map: InspectedMap) => void maps.push(map);
    await model.inspect(batch, visit, { mode: 'training', gradients: true });
    maps.sort((a, b) => (a.dispatch ?? 0) - (b.dispatch ?? 0));
    await within('train', async (debug) => {
      let compared = 0;
      for (const { dispatch, shape, values } of maps) {
        if (dispatch === null) continue;
        const written = debug.dispatches[dispatch].buffers.filter(({ writes }) => writes);
        const [made, other] = written.filter((one) => elements(one.shape) === elements(shape));
        // Another of the same size; and partial sums, of which inspect leaves out who adds them up.
        if (!made || other || debug.dispatches[dispatch + 1].op === 'reduce.slices') continue;
        await debug.runTo(dispatch + 1);
        const read = await debug.read(dispatch, made.binding);
        expect(read).toEqual({ shape: made.shape, values, writer: dispatch, takenBy: null });
        compared++;
      }
      expect(compared).toBeGreaterThan(15);
    });
    expect([await model.exportWeights(), await model.exportOptimizer()]).toEqual(before);
  });

  it('ends in the weights of the step, and begins anew where it is set back', async () => {
    const key = 'conv1/conv/kernel';
    await within('train', async (debug) => {
      const { dispatches } = debug;
      const step = await model.planOf('train', batch.count, TINY_SIDE);
      const isUpdate = ({ phase }: { phase: string }) => phase === 'update';
      expect(dispatches.filter((one) => !isUpdate(one)).map(({ label, kernel }) => [label, kernel])).toEqual(
        step.dispatches.map(({ label, kernel }) => [label, kernel.name]),
      );
      for (const [i, { bytes }] of step.dispatches.entries()) {
        expect(dispatches[i].bytesRead + dispatches[i].bytesWritten).toBe(bytes);
        expect(dispatches[i].bytesWritten).toBeGreaterThan(0);
      }
      const conv = find(debug, 'conv1/conv', 'conv.forward');
      const last = dispatches.length - 1;
      const before = (await model.exportWeights()).get(key)!;
      expect(await debug.read(conv, 'weights')).toMatchObject({ values: before, writer: null });
      const times = await debug.runTo(dispatches.length);
      expect(times.map(({ index }) => index)).toEqual([...dispatches.keys()]);
      expect(times.every(({ ns }) => ns >= 0)).toBe(true);
      const after = await debug.read(conv, 'weights');
      expect(after.writer).toBe(last);
      expect(after.values).not.toEqual(before);

      const loss = dispatches.findLastIndex(({ phase }) => phase === 'loss');
      expect(await debug.runTo(loss + 1)).toHaveLength(loss + 1);
      expect(debug.at).toBe(loss + 1);
      expect((await debug.read(conv, 'weights')).values).toEqual(before);
      const { values } = await debug.read(loss, 'loss');
      await debug.runTo(dispatches.length);
      expect((await debug.read(conv, 'weights')).values).toEqual(after.values);

      expect(await model.trainStep(batch)).toBe(values[0]);
      expect((await model.exportWeights()).get(key)).toEqual(after.values);
      // What the model has become since is nothing to it.
      await debug.runTo(0);
      expect((await debug.read(conv, 'weights')).values).toEqual(before);
    });
  });

  it('says whose a memory is by now, and what a slice is a part of', async () => {
    await within('train', async (debug) => {
      const { dispatches } = debug;
      const grown = dispatches[find(debug, 'conv2_block1_2_conv', 'conv.forward')].buffers;
      expect(grown.find(({ binding }) => binding === 'y')).toMatchObject({
        shape: [2, 4, 4, 8],
        writes: true,
        channels: 16,
        firstChannel: 8,
      });
      await debug.runTo(dispatches.length);
      const taken: (string | null)[] = [];
      for (const { index, buffers } of dispatches.filter(({ phase }) => phase === 'backward')) {
        taken.push((await debug.read(index, buffers.find(({ writes }) => writes)!.binding)).takenBy);
      }
      expect(taken.filter((one) => one !== null).length).toBeGreaterThan(3);
    });
  });
});

describe('a run that broke off', () => {
  it('begins anew', async () => {
    await within('train', async (debug) => {
      const total = debug.dispatches.length;
      await debug.runTo(total);
      const last = debug.dispatches[total - 1].buffers.find(({ writes }) => writes)!;
      const truth = (await debug.read(total - 1, last.binding)).values;
      const abort = new AbortController();
      const onProgress = () => abort.abort(new Error('mine'));
      // Back to the middle: begun anew, then stopped.
      await expect(debug.runTo(total - 1, { signal: abort.signal, onProgress })).rejects.toThrow('mine');
      expect(debug.at).toBe(0);
      await debug.runTo(total);
      expect((await debug.read(total - 1, last.binding)).values).toEqual(truth);
    });
  });
});

describe('a prediction', () => {
  it('ends in the probabilities', async () => {
    await within('predict', async (debug) => {
      const { dispatches } = debug;
      const { dispatches: planned } = await model.planOf('predict', batch.count, TINY_SIDE);
      expect(dispatches.map(({ kernel }) => kernel)).toEqual(planned.map(({ kernel }) => kernel.name));
      expect(dispatches.every(({ phase }) => phase === 'forward')).toBe(true);
      await debug.runTo(dispatches.length);
      const { values } = await debug.read(dispatches.length - 1, 'p');
      expect(values).toEqual(await model.predict(batch));
      const pool = find(debug, 'pool1', 'pool.maxForward');
      expect(pool).toBeGreaterThanOrEqual(0);
      expect(debug.wgsl(pool)).toContain('fn main');
    });
  });
});

describe('what makes no sense', () => {
  it('is refused', async () => {
    await expect(debugPlan(model, batch, { kind: 'fit' as 'train' })).rejects.toThrow(/kind is 'fit'/);
    await expect(debugPlan(model, batch, { kinds: 'train' } as object)).rejects.toThrow(/have no 'kinds'/);
    await expect(debugPlan(model, { ...batch, height: 8 })).rejects.toThrow();
    const own = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await expect(debugPlan(own, batch)).rejects.toThrow(/Call compile\(\) before debugging/);
    await own.dispose();
    await expect(debugPlan(own, batch)).rejects.toThrow(/model was disposed/);

    const debug = await debugPlan(model, batch);
    const total = debug.dispatches.length;
    await expect(debug.runTo(total + 1)).rejects.toThrow(`the plan has ${total} dispatches`);
    await expect(debug.runTo(0.5)).rejects.toThrow(UsageError);
    await expect(debug.read(0, 'z')).rejects.toThrow(/Dispatch 0 has no binding 'z'. It has x/);
    await expect(debug.read(total, 'y')).rejects.toThrow(`There is no dispatch ${total}`);
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(debug.runTo(3, { signal: stopped })).rejects.toThrow('enough');
    await debug.dispose();
    await expect(debug.runTo(1)).rejects.toThrow(/debugger was disposed/);
  });
});
