/**
 * What a golden run consists of: numbers that the whole library makes, to the last bit, and the dispatches that make
 * them. All of it comes through doors that users have, so that it outlives every move of the code behind them.
 */
import { createHash } from 'node:crypto';
import { type Dispatch, Plan } from '../../src/engine/plan/plan.js';
import { DenseNet, densenetConfig, type Gpu, parameterTable, type WeightMap } from '../../src/index.js';
import {
  firstImage,
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  scaleHead,
} from '../support/networks/generated.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../support/programs/cli.js';

const SEED = 10;
const SIZE = 64;
const TRAINED = 4;
const STEPS = 4;
const PREDICTED = 3;
/** Of the Grad-CAM map: Mass. */
const CLASS = 5;

/** On SwiftShader, on a machine that has other things to do. */
export const START_MS = 900_000;

const config = densenetConfig('densenet121');

/** Many numbers in two: their length tells how far others are, their hash whether a bit differs. */
export interface Digest {
  /** Root of the sum of squares, in float64. */
  length: number;
  sha256: string;
}

export interface GoldenNumbers {
  /** `npm start`. */
  start: { stepLosses: number[]; lossesOfEpochs: number[]; validationLosses: number[] };
  /** Steps of Adam from generated weights. */
  steps: { losses: number[]; trained: Digest; movingAverages: Digest };
  /** p[b,classes] of generated images. */
  probabilities: number[][];
  /** Of the first of them; the map's largest value is 1. */
  gradcam: { classIndex: number; peakAt: [h: number, w: number]; mean: number; map: Digest };
}

/** One line per dispatch, in the order in which they run. */
export interface GoldenDispatches {
  /** Of `predict` after the weights have changed: batch norms folded, forward pass. */
  predict: string[];
  /** Of `trainStep`: forward, loss, backward, update. */
  trainStep: string[];
}

/** Hashed are the names, sorted, and the bits. */
function digest(tensors: Iterable<readonly [name: string, values: Float32Array]>): Digest {
  const hash = createHash('sha256');
  let squares = 0;
  for (const [name, values] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    for (const v of values) squares += v * v;
  }
  return { length: Math.sqrt(squares), sha256: hash.digest('hex') };
}

function lineOf({ label, kernel, constants = {}, workgroups }: Dispatch): string {
  const sorted = Object.entries(constants).sort(([a], [b]) => (a < b ? -1 : 1));
  const settings = sorted.map(([name, value]) => `${name}=${value}`);
  return `${label}: ${[kernel.name, ...settings].join(' ')}, ${workgroups.join('x')} workgroups`;
}

/** Every dispatch that runs while `work` does, by whatever plan. */
async function dispatchesOf(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const { run, runInSteps } = Plan.prototype;
  Plan.prototype.run = function (...args) {
    lines.push(...this.dispatches.map(lineOf));
    return run.apply(this, args);
  };
  Plan.prototype.runInSteps = function (...args) {
    lines.push(...this.dispatches.map(lineOf));
    return runInSteps.apply(this, args);
  };
  try {
    await work();
  } finally {
    Object.assign(Plan.prototype, { run, runInSteps });
  }
  return lines;
}

function weightsFor(seed: number): WeightMap {
  const weights = generatedWeights(config, seed);
  scaleHead(weights, 0.1);
  return weights;
}

/** The job of `npm start`, by the built command: with no user's cache of timings or verdicts. */
export async function recordStart(): Promise<GoldenNumbers['start']> {
  const scratch = scratchFolder();
  try {
    await ensureBuilt();
    const args = ['run', '--from-scratch', '--out', scratch.path('run'), '--json'];
    const ended = await chexgpu(args, { CHEXGPU_CACHE: scratch.path('cache') }, { timeout: START_MS });
    if (ended.code !== 0) throw new Error(`chexgpu run ended with ${ended.code}:\n${ended.stderr}`);
    const { stepLosses, epochs } = JSON.parse(ended.stdout) as {
      stepLosses: number[];
      epochs: { loss: number; valLoss: number }[];
    };
    return {
      stepLosses,
      lossesOfEpochs: epochs.map(({ loss }) => loss),
      validationLosses: epochs.map(({ valLoss }) => valLoss),
    };
  } finally {
    scratch.remove();
  }
}

/** Four steps on two batches in turn. */
export async function recordSteps(gpu: Gpu) {
  const model = await DenseNet.create(gpu, { config, weights: weightsFor(SEED) });
  try {
    await model.compile({ ...generatedLossWeights(), learningRate: 1e-3 });
    const batches = [SEED, SEED + 1].map((seed) => generatedBatch(seed, TRAINED, SIZE));
    const losses: number[] = [];
    const step = async (i: number) => losses.push(await model.trainStep(batches[i % batches.length]));
    const dispatches = await dispatchesOf(() => step(0));
    for (let i = 1; i < STEPS; i++) await step(i);
    const weights = await model.exportWeights();
    const kept = (trainable: boolean) =>
      parameterTable(config)
        .filter((spec) => spec.trainable === trainable)
        .map(({ key }) => [key, weights.get(key)!] as const);
    const steps = { losses, trained: digest(kept(true)), movingAverages: digest(kept(false)) };
    return { steps, dispatches };
  } finally {
    await model.dispose();
  }
}

function peakOf(map: Float32Array, width: number): [h: number, w: number] {
  const peak = map.indexOf(1);
  return [Math.floor(peak / width), peak % width];
}

/** Probabilities of three images, and a map of the first. */
export async function recordPredictions(gpu: Gpu) {
  const model = await DenseNet.create(gpu, { config, weights: weightsFor(SEED) });
  try {
    const batch = generatedBatch(SEED, PREDICTED, SIZE);
    let p = new Float32Array();
    const dispatches = await dispatchesOf(async () => {
      p = new Float32Array(await model.predict(batch));
    });
    const probabilities = Array.from({ length: PREDICTED }, (_, b) => [
      ...p.subarray(b * config.classes, (b + 1) * config.classes),
    ]);
    const [{ map, width, classIndex }] = await model.gradcam(firstImage(batch), [CLASS]);
    const mean = map.reduce((sum, v) => sum + v, 0) / map.length;
    const gradcam = { classIndex, peakAt: peakOf(map, width), mean, map: digest([['map', map]]) };
    return { probabilities, gradcam, dispatches };
  } finally {
    await model.dispose();
  }
}
