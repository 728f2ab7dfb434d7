/** Drives callbacks through recorded logs as `fit` does, as the script that recorded them drove those of tf_keras. */
import { NonFiniteError } from '../../../src/core/errors.js';
import type { Callback, Logs, TrainingContext } from '../../../src/training/callbacks/callback.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { golden } from '../../support/golden/parity.js';

/** What NaN and infinities stand as in the file. */
const NUMBERS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

export type Kept = number | 'nan' | 'inf' | '-inf';

export const numberOf = (value: Kept): number => (typeof value === 'number' ? value : NUMBERS[value]);

interface Golden {
  earlyStopping: {
    options: Record<string, Kept | undefined> & { monitor?: string };
    restore: boolean;
    series: Kept[];
    stopped: number | null;
    left: number;
    best: Kept;
  }[];
  reduceLROnPlateau: {
    options: { monitor?: string };
    series: Kept[];
    rates: number[];
    logged: number[];
  }[];
  modelCheckpoint: {
    options: object;
    file: string;
    monitor: string;
    series: Kept[];
    steps: number[][] | null;
    saved: [name: string, what: 'full' | 'weights'][];
    best: Kept;
  }[];
  csvLogger: { options: { append?: boolean }; logs: Record<string, Kept>[]; text: string }[];
  terminateOnNaN: { steps: Kept[][]; stopped: [epoch: number, step: number] | null }[];
  learningRateScheduler: { rates: number[]; logged: number[] };
}

export const recorded = golden<Golden>('training/callbacks.json');

/** Logs of epochs that differ in one. */
export const logsOf = (series: readonly Kept[], monitor = 'val_loss'): Logs[] =>
  series.map((value) => ({ loss: 9, lr: Number.NaN, [monitor]: numberOf(value) }));

export interface Replayed {
  /** The epoch it was stopped in, and the step where it was in one. */
  stopped: [epoch: number, step: number | null] | null;
  reasons: string[];
  /** The epoch whose weights are left. */
  left: number;
  /** The learning rate behind each epoch, and what its logs have. */
  rates: number[];
  logged: number[];
}

/**
 * @param make gives the callback; a function: every epoch has a new one, which goes on from the state of the last
 * @param epochs logs of each
 * @param losses of the steps of each epoch; one that is not finite is a step that the model refuses
 */
export async function replay(
  make: Callback | (() => Callback),
  epochs: readonly Logs[],
  losses: readonly (readonly number[])[] = epochs.map(() => [1]),
): Promise<Replayed> {
  let callback = typeof make === 'function' ? make() : make;
  let weights = 0;
  const model = {
    exportWeights: async () => new Map([['epoch', Float32Array.of(weights)]]),
    exportOptimizer: async () => ({ optimizer: 'sgd', iterations: 0, slots: {}, settings: {} }),
    importWeights: async (given: WeightMap) => {
      weights = given.get('epoch')![0];
    },
  };
  const reasons: string[] = [];
  const steps = Math.max(1, losses[0]?.length ?? 0);
  const training = {
    model,
    epochs: epochs.length,
    stepsPerEpoch: steps,
    validationSteps: 1,
    learningRate: 1e-3,
    stopReason: null,
    stop: (reason: string) => void reasons.push(reason),
  };
  const context = training as unknown as TrainingContext;
  const found: Replayed = { stopped: null, reasons, left: 0, rates: [], logged: [] };
  await callback.onTrainBegin?.(context);
  for (const [epoch, logs] of epochs.entries()) {
    weights = epoch;
    if (typeof make === 'function' && epoch > 0) {
      const state = structuredClone(callback.state!());
      callback = make();
      await callback.onTrainBegin?.(context);
      await callback.restore!(state);
    }
    let taken = 0;
    let sum = 0;
    for (const [step, loss] of losses[epoch].entries()) {
      if (!Number.isFinite(loss)) {
        const error = new NonFiniteError(`The loss is ${loss}.`);
        await callback.onRefusedStep?.({ epoch, step, steps, error }, context);
      } else {
        sum += loss;
        taken++;
        const rest = { images: 1, imagesPerSecond: 1, waitMs: 0, stepMs: 0 };
        const learningRate = training.learningRate;
        await callback.onStep?.(
          { epoch, epochs: epochs.length, step, steps, loss, meanLoss: sum / taken, learningRate, ...rest },
          context,
        );
      }
      if (reasons.length > 0) {
        found.stopped = [epoch, step];
        break;
      }
    }
    const own: Logs = Number.isNaN(logs.lr) ? { ...logs, lr: training.learningRate } : { ...logs };
    const numbers = { imagesPerSecond: 1, seconds: 1, validationMs: 1 };
    await callback.onEpoch?.({ epoch, epochs: epochs.length, steps: taken, logs: own, ...numbers }, context);
    found.rates.push(training.learningRate);
    found.logged.push(own.lr);
    if (reasons.length > 0) {
      found.stopped ??= [epoch, null];
      break;
    }
  }
  await callback.onTrainEnd?.(context);
  found.left = weights;
  return found;
}
