/** The values of one training step: read from the GPU when somebody asks for them, and kept. */
import { WeightsError } from '../../core/errors.js';
import type { WorkOptions } from '../../core/work.js';
import type { Gpu } from '../../engine/device/gpu.js';
import type { Labelled, Normalisation, PixelBatch } from '../../training/batch.js';
import type { MapKind } from '../../training/inspection/formulas.js';
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { DenseNet } from '../densenet.js';
import { type AdamRates, compiledFirstStep, type FirstStep, type LossSettings } from './firstStep.js';

/** What a step is taken on. */
export interface StepSubject {
  readonly gpu: Gpu;
  /** Compiled by `training`, and never trained. */
  readonly model: DenseNet;
  /** As they were loaded. */
  readonly weights: WeightMap;
  readonly training: FirstStep;
  /** One image with the labels of the loss. */
  readonly batch: Labelled<PixelBatch>;
}

/** What the optimizer did to the weights. */
export interface Update {
  readonly after: WeightMap;
  readonly m: WeightMap;
  readonly v: WeightMap;
}

/** The picture as the network is given it, before it is normalised. */
export interface Pixels {
  readonly values: readonly number[];
  readonly width: number;
  readonly channels: number;
  readonly normalisation: Normalisation;
}

export interface RunValues {
  readonly pixels: Pixels;
  /** labels[classes] of the loss, 0 or 1. */
  readonly labels: readonly number[];
  readonly loss: LossSettings;
  readonly adam: AdamRates;
  /** A map by what it is and whose. @throws Error where the step has none */
  map(kind: MapKind, name: string): Promise<InspectedMap>;
  /** A tensor before the update. */
  weight(key: string): Promise<Float32Array>;
  update(): Promise<Update>;
}

/** Networks of so few numbers are read as a whole. */
const SMALL = 20_000;

interface Waiting {
  resolve(map: InspectedMap): void;
  reject(error: unknown): void;
}

const keyOf = (kind: MapKind, name: string) => `${kind}|${name}`;

export class GpuRun implements RunValues {
  private readonly kept = new Map<string, Promise<InspectedMap>>();
  private readonly waiting = new Map<string, Waiting>();
  private reading: Promise<void> | null = null;
  private updated: Promise<Update> | null = null;

  readonly pixels: Pixels;
  readonly labels: readonly number[];
  readonly loss: LossSettings;
  readonly adam: AdamRates;

  /** @param work hears of every pass that is run for the values, and stops them */
  constructor(
    private readonly subject: StepSubject,
    private readonly work: WorkOptions = {},
  ) {
    const { batch, training } = subject;
    const { pixels, width, channels, normalisation } = batch;
    this.pixels = { values: Array.from(pixels), width, channels, normalisation };
    this.labels = Array.from(batch.labels);
    this.loss = training.loss;
    this.adam = training.adam;
  }

  map(kind: MapKind, name: string): Promise<InspectedMap> {
    const key = keyOf(kind, name);
    let found = this.kept.get(key);
    if (!found) {
      found = new Promise((resolve, reject) => this.waiting.set(key, { resolve, reject }));
      this.kept.set(key, found);
      this.reading ??= this.read();
    }
    return found;
  }

  async weight(key: string): Promise<Float32Array> {
    const found = this.subject.weights.get(key);
    if (!found) throw new WeightsError(`${this.subject.model.config.name} has no tensor ${key}.`);
    return found;
  }

  update(): Promise<Update> {
    this.updated ??= step(this.subject, this.work).catch((error) => {
      this.updated = null;
      throw error;
    });
    return this.updated;
  }

  /** One pass for all that is asked for in the same breath. */
  private async read(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    while (this.waiting.size > 0) await this.pass();
    this.reading = null;
  }

  private async pass(): Promise<void> {
    const wanted = new Map(this.waiting);
    this.waiting.clear();
    const { model, batch, weights } = this.subject;
    const isSmall = [...weights.values()].reduce((sum, { length }) => sum + length, 0) < SMALL;
    const only = ({ kind, name }: Pick<InspectedMap, 'kind' | 'name'>) =>
      isSmall || wanted.has(keyOf(kind, name));
    const visit = (map: InspectedMap) => {
      const key = keyOf(map.kind, map.name);
      const asked = wanted.get(key) ?? this.waiting.get(key);
      wanted.delete(key);
      this.waiting.delete(key);
      if (asked) asked.resolve(map);
      else if (!this.kept.has(key)) this.kept.set(key, Promise.resolve(map));
    };
    try {
      await model.inspect(batch, visit, { ...this.work, mode: 'training', gradients: true, only });
      for (const [key, { reject }] of wanted) reject(new Error(`The step has no ${key.replace('|', ' ')}.`));
    } catch (error) {
      for (const [key, { reject }] of wanted) {
        this.kept.delete(key);
        reject(error);
      }
    }
  }
}

/** The step taken by a copy: the subject's model stays as it is. */
async function step(
  { gpu, model: own, weights, batch, training }: StepSubject,
  work: WorkOptions,
): Promise<Update> {
  const model = await DenseNet.create(gpu, { config: own.config, weights, signal: work.signal });
  try {
    await model.compile(compiledFirstStep(training));
    await model.trainStep(batch, work);
    const after = await model.exportWeights(work);
    const { slots } = await model.exportOptimizer(work);
    return { after, m: slots.m, v: slots.v };
  } finally {
    await model.dispose();
  }
}
