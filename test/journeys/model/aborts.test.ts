/** A signal, or an onProgress that throws, at any moment of anything: its reason, and a model that works on. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Progress, WorkOptions } from '../../../src/core/work.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { profilePlan } from '../../../src/engine/timing/profile.js';
import type { BatchSource } from '../../../src/training/batch.js';
import type { Checkpoint } from '../../../src/training/checkpoint.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import { checkKernels } from '../../../src/verify/planCheck.js';
import { selfTest } from '../../../src/verify/selfTest.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';
import { recordedSource, TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

const watched = await testFaultyDevice();
const gpu = Gpu.borrow(watched.device);
const weights = initialWeights(TINY, 3);
afterAll(() => expect(gpu.allocatedBytes).toBe(0));

const [one, two] = [tinyBatch(5, 1), tinyBatch(6, 2)];
const mine = new Error('mine');
const create = (options: WorkOptions = {}) => DenseNet.create(gpu, { config: TINY, weights, ...options });

type Call = (model: DenseNet, options: WorkOptions) => Promise<unknown>;
const CALLS: Record<string, { call: Call; phases: string[] }> = {
  create: { call: async (_, options) => (await create(options)).dispose(), phases: ['upload'] },
  predict: { call: (model, options) => model.predict(two, options), phases: ['compile', 'run'] },
  gradcam: {
    call: (model, options) => model.gradcam(one, [1, 0], { score: 'logit', ...options }),
    phases: ['compile', 'run', 'explain'],
  },
  inspect: {
    call: (model, options) => model.inspect(two, () => {}, options),
    phases: ['compile', 'run', 'inspect'],
  },
  trainStep: { call: (model, options) => model.trainStep(two, options), phases: ['compile', 'run'] },
  exportWeights: { call: (model, options) => model.exportWeights(options), phases: ['export'] },
  exportOptimizer: { call: (model, options) => model.exportOptimizer(options), phases: ['export'] },
  planOf: {
    call: async (model, options) => (await model.planOf('predict', 2, 16, options)).label,
    phases: ['compile'],
  },
  predictAll: {
    call: async (model, options) => (await predictAll(model, tinySource(), options)).probabilities,
    phases: ['compile', 'run', 'predict'],
  },
  profilePlan: {
    call: async (model, options) => {
      const plan = await model.planOf('predict', 2, 16, options);
      return (await profilePlan(gpu, plan, { repeats: 2, ...options })).label;
    },
    phases: ['compile', 'profile'],
  },
  selfTest: { call: (_, options) => selfTest(gpu, { ops: ['blend'], ...options }), phases: ['check'] },
};

/** A model that stands before its first step. */
async function ready(): Promise<DenseNet> {
  const model = await create();
  await model.compile(TINY_LOSS);
  return model;
}

async function heardOf(call: Call): Promise<{ events: Progress[]; value: unknown }> {
  const model = await ready();
  const events: Progress[] = [];
  const value = await call(model, { onProgress: (progress) => events.push(progress) });
  await model.dispose();
  return { events, value };
}

describe.each(Object.keys(CALLS))('%s', (name) => {
  const { call, phases } = CALLS[name];

  it('says how far it is', async () => {
    const { events } = await heardOf(call);
    expect([...new Set(events.map(({ phase }) => phase))].sort()).toEqual([...phases].sort());
    for (const { done, total, unit } of events) {
      expect(done).toBeLessThanOrEqual(total ?? -1);
      expect(unit).toMatch(/^[a-z]+$/);
    }
  });

  it('ends with the reason of a signal, and with what onProgress throws, in every phase', async () => {
    const { events, value: truth } = await heardOf(call);
    // The first and the last of each phase.
    const places = phases.flatMap((phase) => [
      events.findIndex((event) => event.phase === phase),
      events.findLastIndex((event) => event.phase === phase),
    ]);
    const model = await ready();
    const before = gpu.allocatedBytes;
    for (const place of new Set(places)) {
      for (const how of ['aborts', 'throws', 'rejects'] as const) {
        // Kernels compile once for a device, but each plan is built again.
        const fresh = await ready();
        const abort = new AbortController();
        let heard = 0;
        const onProgress = () => {
          if (heard++ !== place) return;
          if (how === 'throws') throw mine;
          if (how === 'rejects') return Promise.reject(mine);
          abort.abort(mine);
        };
        await expect(call(fresh, { signal: abort.signal, onProgress })).rejects.toBe(mine);
        expect(heard, `${how} at ${place}`).toBe(place + 1);
        expect(fresh.steps).toBe(0);
        if (place === places[0]) expect(await call(fresh, {})).toEqual(truth);
        await fresh.dispose();
        expect(gpu.allocatedBytes).toBe(before);
      }
    }
    await model.dispose();
  });

  it('does nothing for a signal that is aborted already, and minds none behind its end', async () => {
    const model = await ready();
    let calls = 0;
    watched.onCall = () => calls++;
    await expect(call(model, { signal: AbortSignal.abort(mine) })).rejects.toBe(mine);
    expect(calls).toBe(0);
    watched.onCall = null;
    const abort = new AbortController();
    await call(model, { signal: abort.signal });
    abort.abort(mine);
    await call(model, {});
    await model.dispose();
  });
});

describe('importWeights', () => {
  it('says how far it is, and replaces all weights or none', async () => {
    const others = initialWeights(TINY, 4);
    const model = await ready();
    const before = await model.exportWeights();
    const events: Progress[] = [];
    const abort = new AbortController();
    const atEvent = (place: number) => (progress: Progress) => {
      if (events.push(progress) === place) abort.abort(mine);
    };
    for (const signal of [AbortSignal.abort(mine), abort.signal]) {
      await expect(model.importWeights(others, { signal, onProgress: atEvent(1) })).rejects.toBe(mine);
      expect(await model.exportWeights()).toEqual(before);
    }
    const late = new AbortController();
    const total = [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const onProgress = ({ done }: Progress) => done === total && late.abort(mine);
    await model.importWeights(others, { signal: late.signal, onProgress });
    expect(late.signal.aborted).toBe(true);
    expect(await model.exportWeights()).toEqual(others);
    expect(events).toEqual([{ phase: 'upload', done: 0, total, unit: 'bytes' }]);
    await model.dispose();
  });
});

describe('gradients', () => {
  it('ends for its signal, and says how far it is', async () => {
    const model = await ready();
    await model.trainStep(two);
    const truth = await model.gradients();
    await expect(model.gradients({ signal: AbortSignal.abort(mine) })).rejects.toBe(mine);
    const events: Progress[] = [];
    expect(await model.gradients({ onProgress: (progress) => events.push(progress) })).toEqual(truth);
    expect(events.map(({ phase, note }) => [phase, note])).toEqual(Array(2).fill(['export', 'gradients']));
    await model.dispose();
  });
});

describe('a signal', () => {
  it('ends the waiting for a turn at once, and the next ones come in order', async () => {
    const model = await create();
    const truth = await model.predict(two);
    const abort = new AbortController();
    let ended = false;
    const first = model.predict(two).then(() => {
      ended = true;
    });
    const second = model.predict(two, { signal: abort.signal });
    const third = model.predict(two);
    abort.abort(mine);
    await expect(second).rejects.toBe(mine);
    expect(ended).toBe(false);
    expect(await third).toEqual(truth);
    await first;
    await model.dispose();
  });

  it('at any call of the device leaves a step whole or not taken', async () => {
    const states = async (model: DenseNet) => [await model.exportWeights(), await model.exportOptimizer()];
    const model = await ready();
    const [none] = [await states(model)];
    await model.trainStep(two);
    const taken = await states(model);
    let [refused, k] = [0, 1];
    for (let came = true; came; k += 5) {
      await model.importWeights(weights);
      await model.compile(TINY_LOSS);
      const abort = new AbortController();
      let calls = 0;
      watched.onCall = () => {
        if (++calls === k) abort.abort(mine);
      };
      const error = await model.trainStep(two, { signal: abort.signal }).then(
        () => null,
        (reason: unknown) => reason,
      );
      watched.onCall = null;
      came = calls >= k;
      if (error !== null) {
        refused++;
        expect(error).toBe(mine);
        await expect(model.gradients()).rejects.toThrow(/no gradients/);
      }
      expect(model.steps).toBe(error === null ? 1 : 0);
      expect(await states(model), `call ${k}`).toEqual(error === null ? taken : none);
    }
    expect(refused).toBeGreaterThan(1);
    await model.dispose();
  });

  it.each(['tuning', 'checks'])('ends %s that a prediction waits for', async (what) => {
    const other = Gpu.borrow(watched.device);
    if (what === 'tuning') await enableTuning(other);
    else checkKernels(other);
    const model = await DenseNet.create(other, { config: TINY, weights });
    const phase = what === 'tuning' ? 'tune' : 'check';
    for (const place of [0, 2]) {
      const abort = new AbortController();
      let heard = 0;
      const onProgress = (progress: Progress) => {
        if (progress.phase === phase && heard++ === place) abort.abort(mine);
      };
      await expect(model.predict(two, { signal: abort.signal, onProgress })).rejects.toBe(mine);
      expect(heard).toBe(place + 1);
    }
    await model.predict(two);
    await model.dispose();
    expect(other.allocatedBytes).toBe(0);
    other.dispose();
  });
});

describe('a slow getBatch', () => {
  /** Its second batch does not come. */
  const slow = (): BatchSource & { fail: (error: Error) => void } => {
    const source = {
      ...tinySource(),
      fail: (_: Error) => {},
      getBatch: (i: number) =>
        i === 0
          ? Promise.resolve(tinyBatch(40))
          : new Promise<never>((_, reject) => {
              source.fail = reject;
            }),
    };
    return source;
  };
  const WAITING: Record<
    string,
    (model: DenseNet, source: BatchSource, options: WorkOptions) => Promise<unknown>
  > = {
    predictAll: (model, source, options) => predictAll(model, source, options),
    fit: (model, source, options) => trainModel(model, source, { ...TINY_LOSS, epochs: 1, ...options }),
    'a validation': (model, validation, options) =>
      trainModel(model, tinySource(1), { ...TINY_LOSS, epochs: 1, validation, ...options }),
  };

  it.each(Object.keys(WAITING))(
    'of %s does not hold back an abort, nor the end of the model',
    async (name) => {
      for (const end of ['abort', 'dispose'] as const) {
        const model = await create();
        const source = slow();
        const abort = new AbortController();
        const waiting = WAITING[name](model, source, { signal: abort.signal });
        setTimeout(() => (end === 'abort' ? abort.abort(mine) : model.dispose()), 100);
        if (end === 'abort') await expect(waiting).rejects.toBe(mine);
        else await expect(waiting).rejects.toThrow(/disposed/);
        source.fail(new Error('too late'));
        await model.dispose();
      }
    },
  );
});

describe('fit', () => {
  it('that is aborted within a step, or while it waits for a batch, goes on to the same bits', async () => {
    const options = { ...TINY_LOSS, epochs: 2 };
    const whole = await create();
    const history = await trainModel(whole, recordedSource().source, options);
    const truth = await whole.exportWeights();
    await whole.dispose();
    const phases = ['compile', 'run', 'train', 'batch'];
    for (const phase of phases) {
      const abort = new AbortController();
      let saved: Checkpoint | undefined;
      /** A source that knows how many batches it gave, as one that draws. */
      const counted = () => {
        const { source } = recordedSource();
        let given = 0;
        return {
          ...source,
          state: () => ({ given }),
          restore: (state: unknown) => {
            ({ given } = state as { given: number });
          },
          getBatch: async (i: number) => {
            const batch = await source.getBatch(given++ % 2);
            if (phase === 'batch' && !saved && given === 2) abort.abort(mine);
            expect(i).toBe((given - 1) % 2);
            return batch;
          },
        };
      };
      const model = await create();
      const training = trainModel(model, counted(), {
        ...options,
        signal: abort.signal,
        onProgress: (progress) => {
          if (progress.phase === phase) abort.abort(mine);
        },
        checkpoint: {
          save: (checkpoint) => {
            saved = checkpoint;
          },
        },
      });
      await expect(training).rejects.toBe(mine);
      expect(model.steps).toBe({ compile: 0, run: 0, train: 1, batch: 1 }[phase]);
      expect(saved?.weights).toEqual(await model.exportWeights());
      const other = await create();
      const rest = await trainModel(other, counted(), { ...options, resume: saved });
      expect(rest.stepLoss).toEqual(history.stepLoss);
      expect(await other.exportWeights()).toEqual(truth);
      await Promise.all([model.dispose(), other.dispose()]);
    }
  });
});
