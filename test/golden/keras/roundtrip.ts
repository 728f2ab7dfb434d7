/** chexgpu's part of the round trip through real Keras; roundtrip.mjs says how to run it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DenseNetConfig,
  densenetConfig,
  HEAD_LAYER,
  parameterTable,
} from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { readWeightFile, writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { type NodeGpu, openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { MovingVarianceRule } from '../../../src/shaders/batchnorm/batchnorm.js';
import type { OptimizerState } from '../../../src/training/optimizers/state.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import type { TrainingOptions } from '../../../src/training/trainingOptions.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  nudgeBetas,
  uniform,
} from '../../support/networks/generated.js';

const CONFIG = densenetConfig('densenet121');
/** What is predicted; and what is trained on, the case of gradients.json: few steps, away from ReLU's kinks. */
const [PREDICT_SEED, SEED, BATCH, SIZE, STEPS, RATE] = [7, 1, 4, 64, 3, 1e-5];

/** Narrow and so deep that the lists of its names take more than 64 KiB. */
const DEEP: DenseNetConfig = densenetConfig('densenet121', {
  name: 'deep and narrow',
  blocks: [205, 205],
  growthRate: 1,
  bottleneck: 1,
  stemChannels: 2,
  classes: 2,
});

const images = generatedBatch(PREDICT_SEED, BATCH, SIZE);
const batch = generatedBatch(SEED, BATCH, SIZE);

/** Keras' binary cross-entropy is the mean over the classes of ours without weights. */
const MEAN_LOSS = {
  posWeights: Array<number>(CONFIG.classes).fill(1 / CONFIG.classes),
  negWeights: Array<number>(CONFIG.classes).fill(1 / CONFIG.classes),
};

interface Run {
  losses: number[];
  p: number[];
  nextLoss: number;
  nextP: number[];
  files: string[];
}

interface Results {
  stack: 'keras-2.3' | 'tf_keras' | 'keras-3';
  version: string;
  tensorflow: string;
  predictions: Record<string, number[]>;
  sha256: Record<string, string>;
  trained: Record<string, Run>;
}

const RULES: Record<Results['stack'], MovingVarianceRule> = {
  'keras-2.3': 'keras2.3',
  tf_keras: 'tf.keras',
  'keras-3': 'keras3',
};

const open = (): Promise<NodeGpu> => openNodeGpu();

/**
 * Adam in the midst of a training: v is of the size of the squared gradients, m points anywhere, so that
 * whoever forgets the moments or their count goes elsewhere.
 */
function midway(gradients: WeightMap): OptimizerState {
  const [m, v]: WeightMap[] = [new Map(), new Map()];
  for (const [key, g] of gradients) {
    const scale = Math.sqrt(g.reduce((sum, x) => sum + x * x, 0) / g.length);
    m.set(
      key,
      uniform(SEED, `${key} m`, g.length, -1, 1).map((x) => x * scale),
    );
    v.set(
      key,
      uniform(SEED, `${key} v`, g.length, 0.5, 1.5).map((x) => x * scale * scale),
    );
  }
  return { optimizer: 'adam', iterations: 50, slots: { m, v }, settings: { learningRate: RATE } };
}

/**
 * Makes every file that chexgpu can write, from a network in the midst of a training.
 * @param golden the folder of gradients.json
 */
export async function write(folder: string, golden: string): Promise<void> {
  const node = await open();
  const start = generatedWeights(CONFIG, SEED);
  nudgeBetas(start, JSON.parse(readFileSync(join(golden, 'gradients.json'), 'utf8')).cases[0].nudges);
  const model = await DenseNet.create(node.gpu, { config: CONFIG, weights: start });
  await model.compile(MEAN_LOSS);
  await model.trainStep(batch);
  const state = midway(await model.gradients());
  await model.importWeights(start);
  await model.compile({ ...MEAN_LOSS, optimizer: state });
  await model.trainStep(batch);
  const weights = await model.exportWeights();
  const optimizer = await model.exportOptimizer();
  const path = (name: string) => join(folder, `chexgpu_${name}`);
  await writeWeightFile(path('keras2.h5'), weights, CONFIG);
  await writeWeightFile(path('base.h5'), weights, CONFIG, { head: false });
  await writeWeightFile(path('base.weights.h5'), weights, CONFIG, { head: false });
  await writeWeightFile(path('weights_and_model.h5'), weights, CONFIG, { format: 'keras2-model' });
  await writeWeightFile(path('model.h5'), weights, CONFIG, { format: 'keras2-model', optimizer });
  await writeWeightFile(path('keras3.weights.h5'), weights, CONFIG, { optimizer });
  const deep = generatedWeights(DEEP, 42);
  await writeWeightFile(path('chunked.h5'), deep, DEEP, { format: 'keras2-model' });
  model.dispose();
  node.gpu.dispose();
}

interface Row {
  what: string;
  against: string;
  worst: number;
  bound: number;
}

/** Reads what the Kerases left in `folder` and compares. @returns the table, worst distances with their bounds */
export async function check(folder: string): Promise<Row[]> {
  const node = await open();
  const rows: Row[] = [];
  const files = readdirSync(folder).filter((file) => /^results-.*\.json$/.test(file));
  for (const file of files.sort()) {
    const results: Results = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    await checkStack(node, folder, results, rows);
  }
  node.gpu.dispose();
  return rows;
}

async function checkStack(node: NodeGpu, folder: string, results: Results, rows: Row[]): Promise<void> {
  const { stack, version, tensorflow, predictions, sha256, trained } = results;
  const title = `${stack === 'tf_keras' ? 'tf_keras' : 'keras'} ${version}, TensorFlow ${tensorflow}`;
  const add = (what: string, worst: number, bound: number) => {
    rows.push({ what, against: title, worst, bound });
  };
  const read = (file: string, optimizer = false) => readWeightFile(join(folder, file), CONFIG, { optimizer });
  const start = await read('chexgpu_model.h5', true);
  const model = await DenseNet.create(node.gpu, { config: CONFIG, weights: start.tensors });
  const predict = async (weights?: WeightMap) => {
    if (weights) await model.importWeights(weights);
    return model.predict(images);
  };
  const rule = { movingVarianceRule: RULES[stack] };

  for (const [file, p] of Object.entries(predictions)) {
    const { tensors } = await read(file);
    const how = file.startsWith('chexgpu') ? 'reads' : 'writes';
    add(`predictions, ${file} (Keras ${how} it)`, largest(await predict(tensors), p), 1e-5);
  }
  for (const [file, digest] of Object.entries(sha256)) {
    const config = file.includes('chunked') ? DEEP : CONFIG;
    const { tensors } = await readWeightFile(join(folder, file), config);
    add(`bits of all tensors, ${file}`, checksum(tensors, config) === digest ? 0 : 1, 0);
  }

  const optimizer = start.optimizer as OptimizerState;
  const runs: Record<string, TrainingOptions> = {
    'as loaded': { ...MEAN_LOSS, optimizer },
    fresh: { ...MEAN_LOSS, learningRate: RATE },
    'weighted loss': { ...generatedLossWeights(), optimizer },
  };
  let resumed: WeightMap | undefined;
  for (const [note, run] of Object.entries(trained)) {
    const name = `${STEPS} more steps, ${note}`;
    // The same steps here, from the same state.
    await model.importWeights(start.tensors);
    await model.compile({ ...runs[note], ...rule });
    const losses: number[] = [];
    for (let i = 0; i < STEPS; i++) losses.push(await model.trainStep(batch));
    const weights = await model.exportWeights();
    const later = await model.exportOptimizer();
    resumed ??= weights;
    // Keras 2.3 on TensorFlow 1 reads Adam's count while it is raised, before or after as it happens: at the
    // 51st update that is 1 % of the step, at the first a quarter.
    const comparable = stack !== 'keras-2.3' || note !== 'fresh';
    if (comparable) {
      add(`${name}: losses`, largest(losses, run.losses), 1e-4);
      add(`${name}: predictions after`, largest(await predict(), run.p), 1e-4);
    }
    // A fresh Adam takes whole steps at once, and ReLUs near 0 flip in one of the two: their gradients differ.
    const moments = note === 'fresh' ? 2e-2 : 1e-3;
    for (const file of run.files) {
      const { tensors, optimizer: state } = await read(file, true);
      if (comparable) {
        const change = furthest(minus(tensors, start.tensors), minus(weights, start.tensors));
        add(`${name}, ${file}: weights, relative L2`, furthest(tensors, weights), 1e-4);
        add(`${name}, ${file}: L2 relative to the change`, change, stack === 'keras-2.3' ? 2e-2 : 1e-2);
        add(`${name}, ${file}: m, relative L2`, furthest(state?.slots.m, later.slots.m), moments);
        add(`${name}, ${file}: v, relative L2`, furthest(state?.slots.v, later.slots.v), moments);
      }
      if (note === 'fresh') {
        const apart = nearestChange(tensors, resumed, start.tensors);
        add(`${name}, ${file}: elsewhere, by 10 % of the change in every tensor`, apart < 0.1 ? 1 : 0, 0);
      }
      // From Keras' file on: its probabilities, its next loss, its probabilities after that.
      add(`predictions, ${file} (Keras writes it)`, largest(await predict(tensors), run.p), 1e-5);
      await model.compile({ ...runs[note], optimizer: state, ...rule });
      add(`next step from ${file}: loss`, Math.abs((await model.trainStep(batch)) - run.nextLoss), 1e-4);
      if (comparable) {
        add(`next step from ${file}: predictions after`, largest(await predict(), run.nextP), 1e-4);
      }
    }
  }
  model.dispose();
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i])), 0)
    : Number.NaN;

/** The worst tensor's |a - b| / |b|. */
function furthest(a: WeightMap | undefined, b: WeightMap): number {
  let worst = a?.size === b.size ? 0 : Number.NaN;
  for (const [key, wanted] of b) {
    const found = a?.get(key);
    let [distance, length] = [0, 0];
    wanted.forEach((x, i) => {
      distance += (x - (found?.[i] ?? Number.NaN)) ** 2;
      length += x * x;
    });
    const relative = Math.sqrt(distance / length);
    if (!(relative <= worst)) worst = relative;
  }
  return worst;
}

const minus = (a: WeightMap, b: WeightMap): WeightMap =>
  new Map([...a].map(([key, values]) => [key, values.map((x, i) => x - (b.get(key)?.[i] ?? Number.NaN))]));

/** How far a and b went apart since `start`, in the trained tensor where that is least; 1 is all of the change. */
function nearestChange(a: WeightMap, b: WeightMap, start: WeightMap): number {
  const trainable = parameterTable(CONFIG).filter((spec) => spec.trainable);
  const only = (key: string, weights: WeightMap) => new Map([[key, weights.get(key) ?? new Float32Array()]]);
  const apart = trainable.map(({ key }) => furthest(minus(only(key, a), start), minus(only(key, b), start)));
  return Math.min(...apart);
}

/** As make_keras_h5.py computes it: all tensors in the order of layers. */
function checksum(tensors: WeightMap, config: DenseNetConfig): string {
  const hash = createHash('sha256');
  for (const { key, layer } of parameterTable(config)) {
    const values = tensors.get(key);
    if (!values && layer === HEAD_LAYER) continue;
    hash.update(new Uint8Array(values?.slice().buffer ?? []));
  }
  return hash.digest('hex');
}

/** Prints the table. @returns whether all distances are within their bounds */
export function report(folder: string, rows: Row[]): boolean {
  let against = '';
  for (const row of rows) {
    if (row.against !== against) console.log(`\n${row.against}`);
    against = row.against;
    const verdict = row.worst <= row.bound ? '' : '   <-- too far';
    console.log(`  ${row.what.padEnd(92)} ${row.worst.toExponential(1)} of ${row.bound}${verdict}`);
  }
  if (existsSync(folder)) writeFileSync(join(folder, 'table.json'), JSON.stringify(rows, null, 1));
  return rows.length > 0 && rows.every((row) => row.worst <= row.bound);
}
