/** What tests of the training loop share: a tiny model, and callbacks that they hand to it. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Callback } from '../../../src/training/callbacks/callback.js';
import type { History } from '../../../src/training/callbacks/history.js';
import { type FitOptions, fit as trainModel } from '../../../src/training/fit.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { recordedSource, TINY, TINY_LOSS } from '../../support/networks/tinyNet.js';

export const LEARNING_RATE = 0.01;

/** A model for all tests of a file, new again for each of them: so its plans are compiled once. */
export class TinyTraining {
  gpu!: Gpu;
  model!: DenseNet;
  private weights!: WeightMap;

  constructor() {
    beforeAll(async () => {
      this.gpu = (await openNodeGpu({ quiet: true })).gpu;
      this.weights = initialWeights(TINY, 4);
      this.model = await DenseNet.create(this.gpu, { config: TINY, weights: this.weights });
    });
    afterAll(() => this.gpu.dispose());
    beforeEach(() => this.reset());
  }

  /** As before the first step. */
  async reset(): Promise<void> {
    await this.model.importWeights(this.weights);
    await this.model.compile({ ...TINY_LOSS, learningRate: LEARNING_RATE });
  }

  /** One epoch of two steps where the options say nothing else. */
  run(options: Partial<FitOptions>, source = recordedSource().source): Promise<History> {
    return trainModel(this.model, source, { ...TINY_LOSS, epochs: 1, ...options });
  }
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Callbacks of one hook each. */
export const on = <K extends keyof Callback>(hook: K, work: NonNullable<Callback[K]>): Callback => ({
  [hook]: work,
});

/** Every hook, written down as it is called and again when what it waits for is over. */
export function diary(name: string, lines: string[], wait = 0): Callback {
  const write = async (line: string) => {
    lines.push(`${name} ${line}`);
    if (wait === 0) return;
    await sleep(wait);
    lines.push(`${name} waited`);
  };
  return {
    onTrainBegin: () => write('begin'),
    onStep: ({ epoch, step }) => write(`step ${epoch}.${step}`),
    onValidationStep: ({ epoch, step }) => write(`validation ${epoch}.${step}`),
    onEpoch: ({ epoch }) => write(`epoch ${epoch}`),
    onTrainEnd: () => write('end'),
  };
}
