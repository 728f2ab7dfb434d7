/** Ten steps of Adam, and the rules of the moving variance, against Keras. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig, parameterTable } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { MOVING_VARIANCE_RULES, type MovingVarianceRule } from '../../src/shaders/batchnorm/batchnorm.js';
import type { OptimizerState } from '../../src/training/optimizers/state.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { BOUND, golden, parity, ranked, tableOf } from '../support/golden/parity.js';
import { type GoldenTensor, sketchDistance } from '../support/golden/sketch.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  nudgeBetas,
} from '../support/networks/generated.js';

/** A tensor's change over the steps; `norm` is the length of the tensor itself. */
type Update = GoldenTensor & { updateNorm: number };

interface StepsGolden {
  made_with: { tf_keras: string; keras: string; tensorflow: string; 'keras2.3': string };
  seed: number;
  count: number;
  size: number;
  learningRate: number;
  losses: number[];
  /** Of the notebook's own Keras, 2.3.1 on TensorFlow 1.15, in float32. */
  keras23Losses: number[];
  /** How far Keras in float32 lies from Keras in float64. */
  float32: { losses: number; weights: number; updates: number };
  tensors: Record<string, Update>;
  /** After one step, by rule. */
  movingVariance: Record<MovingVarianceRule, Record<string, Update>>;
}

const steps = golden<StepsGolden>('training/steps.json');
const { seed, count, size, learningRate, losses, made_with: made } = steps;
const config = densenetConfig('densenet121');
const batch = generatedBatch(seed, count, size);

let gpu: Gpu;
let start: WeightMap;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  start = generatedWeights(config, seed);
  const { cases } = golden<{ cases: { nudges: Record<string, string> }[] }>('network/gradients.json');
  nudgeBetas(start, cases[0].nudges);
});
afterAll(() => gpu.dispose());

async function train(count: number, movingVarianceRule: MovingVarianceRule, optimizer?: OptimizerState) {
  const model = await DenseNet.create(gpu, { config, weights: start });
  await model.compile({ ...generatedLossWeights(), learningRate, movingVarianceRule, optimizer });
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push(await model.trainStep(batch));
  const weights = await model.exportWeights();
  model.dispose();
  return { losses: found, weights };
}

/** L2 distance of a tensor's change from Keras' change. */
function distance(weights: WeightMap, key: string, want: Update): number {
  const before = start.get(key)!;
  return sketchDistance(
    Float64Array.from(weights.get(key)!, (w, i) => w - before[i]),
    want,
  );
}

describe('ten Adam steps', () => {
  const against = `tf_keras ${made.tf_keras}, float64`;
  const item = 'Adam, 10 steps';

  it('have the losses of Keras 2.3.1 as long as it counts one ahead', async () => {
    // On TensorFlow 1 the step counter is read while it is raised, a race: update t is mostly made with the bias
    // correction of t + 1, now and then with its own. In the run kept here the first five were ahead, which a
    // state of one step with empty moments repeats; the sixth was not, so the losses up to it are compared.
    const want = steps.keras23Losses.slice(0, 6);
    const trained = parameterTable(config).filter((spec) => spec.trainable);
    const zeros = (): WeightMap => new Map(trained.map(({ key, size }) => [key, new Float32Array(size)]));
    const { losses: got } = await train(want.length, 'keras2.3', {
      optimizer: 'adam',
      iterations: 1,
      slots: { m: zeros(), v: zeros() },
      settings: {},
    });
    const errors = ranked(want.map((w, i) => [`step ${i + 1}`, Math.abs(got[i] - w) / w]));
    parity({
      item,
      what: `${want.length} losses, counted one ahead`,
      against: `${made['keras2.3']}, float32`,
      measure: 'relative',
      worst: errors[0][1],
      where: errors[0][0],
      bound: BOUND.trained,
    });
  });

  it('have the losses, weights and moving averages of Keras', async () => {
    // Keras in float64 has no fused batch norm, so its moving variance takes the biased one.
    const { losses: got, weights } = await train(losses.length, 'keras3');
    const lossErrors = ranked(losses.map((want, i) => [`step ${i + 1}`, Math.abs(got[i] - want) / want]));
    parity({
      item,
      what: `${losses.length} losses`,
      against,
      measure: 'relative',
      worst: lossErrors[0][1],
      where: lossErrors[0][0],
      bound: BOUND.trained,
    });
    expect([...weights.keys()].sort()).toEqual(Object.keys(steps.tensors).sort());
    const kinds: [string, (key: string) => boolean][] = [
      ['364 weights', (key) => !key.includes('/moving_')],
      ['121 moving means', (key) => key.endsWith('/moving_mean')],
      ['121 moving variances', (key) => key.endsWith('/moving_variance')],
    ];
    for (const [what, chosen] of kinds) {
      const keys = Object.keys(steps.tensors).filter(chosen);
      expect(keys).toHaveLength(Number.parseInt(what, 10));
      const far = keys.map((key) => [key, distance(weights, key, steps.tensors[key])] as const);
      const [where, worst] = ranked(far.map(([key, d]) => [key, d / steps.tensors[key].norm]))[0];
      parity({ item, what, against, measure: 'relative L2', worst, where, bound: BOUND.trained });
      // The tensors hardly move in ten steps; what they moved by has to be right as well.
      const [place, moved] = ranked(far.map(([key, d]) => [key, d / steps.tensors[key].updateNorm]))[0];
      const measure = 'L2 relative to the change';
      parity({
        item,
        what: `change of ${what}`,
        against,
        measure,
        worst: moved,
        where: place,
        bound: BOUND.change,
      });
    }
  });
});

describe('the moving variance', () => {
  const FOLLOWS: Record<MovingVarianceRule, string> = {
    'keras2.3': made['keras2.3'],
    'keras2.3-tf2': "Keras 2.3.1's formula, TensorFlow 2",
    'tf.keras': `tf_keras ${made.tf_keras}, fused`,
    keras3: `Keras ${made.keras}`,
  };

  it.each(MOVING_VARIANCE_RULES)('follows the rule %s and no other', async (rule) => {
    const { weights } = await train(1, rule);
    const worstAgainst = (other: MovingVarianceRule) => {
      const wanted = Object.entries(steps.movingVariance[other]);
      expect(wanted).toHaveLength(121);
      return ranked(wanted.map(([key, want]) => [key, distance(weights, key, want) / want.updateNorm]))[0];
    };
    const [where, worst] = worstAgainst(rule);
    parity({
      item: 'moving variance',
      what: `movingVarianceRule '${rule}', 1 step`,
      against: FOLLOWS[rule],
      measure: 'L2 relative to the change',
      worst,
      where,
      bound: BOUND.variance,
    });
    const others = MOVING_VARIANCE_RULES.map((other) => [other, worstAgainst(other)[1]] as const);
    console.log(
      `movingVarianceRule '${rule}', worst of 121 batch norms against:\n${tableOf(others, ['error'])}`,
    );
    // With one value and epsilon apart the two middle rules differ by 1e-6 of the variance: nobody can tell.
    const same = new Set<MovingVarianceRule>(['keras2.3-tf2', 'tf.keras']);
    for (const [other, error] of others) {
      if (other !== rule && !(same.has(rule) && same.has(other))) expect(error).toBeGreaterThan(0.02);
    }
  });
});
