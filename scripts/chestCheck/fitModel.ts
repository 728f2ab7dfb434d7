/** Fits the check of X-rays on drawings alone: a logistic regression on the features of src/data/checks. */
import {
  type ChestFeature,
  chestFeatures,
  FEATURES,
  SIDE,
  smallCopy,
} from '../../src/data/checks/chestFeatures.js';
import { chests, others } from './pictures.js';

const SEEDS = { template: 301, chests: 302, others: 303 };
const NAMES = Object.keys(FEATURES) as ChestFeature[];
/** Keeps the weights small, so that a real film may differ from a drawing. */
export const RIDGE = 0.01;

function meanChest(count: number): number[] {
  const sum = new Float64Array(SIDE * SIDE);
  for (const chest of chests(count, SEEDS.template)) {
    smallCopy(chest).forEach((value, i) => {
      sum[i] += value;
    });
  }
  // A chest is as often turned a little to one side as to the other.
  const mirrored = (i: number) => i - (i % SIDE) + SIDE - 1 - (i % SIDE);
  return Array.from(sum, (value, i) => Math.round((value + sum[mirrored(i)]) / (2 * count)));
}

/**
 * Logistic regression by gradient descent on features with mean 0 and deviation 1: weights and bias that make the mean
 * cross-entropy and RIDGE / 2 of the weights' squares least.
 */
export function fitLogistic(
  rows: readonly number[][],
  isChest: readonly boolean[],
): { weights: number[]; bias: number } {
  const weights: number[] = NAMES.map(() => 0);
  let bias = 0;
  for (let step = 0; step < 4000; step++) {
    const slope = NAMES.map((_, f) => RIDGE * weights[f]);
    let biasSlope = 0;
    rows.forEach((row, i) => {
      const z = row.reduce((sum, value, f) => sum + weights[f] * value, bias);
      const error = 1 / (1 + Math.exp(-z)) - Number(isChest[i]);
      row.forEach((value, f) => {
        slope[f] += (error * value) / rows.length;
      });
      biasSlope += error / rows.length;
    });
    slope.forEach((value, f) => {
      weights[f] -= 0.5 * value;
    });
    bias -= 0.5 * biasSlope;
  }
  return { weights, bias };
}

/**
 * The text of chestModel.ts.
 * @param count drawings of chests, and of other things
 * @param templates phantoms that the mean chest is of
 */
export function fittedModel(count = 1200, templates = 300): string {
  const template = meanChest(templates);
  const pictures = [...chests(count, SEEDS.chests), ...others(count, SEEDS.others)];
  const isChest = pictures.map((_, i) => i < count);
  const rows = pictures.map((picture) => {
    const features = chestFeatures(picture, template);
    return NAMES.map((name) => features[name]);
  });
  const mean = NAMES.map((_, f) => rows.reduce((sum, row) => sum + row[f], 0) / rows.length);
  const deviation = NAMES.map((_, f) =>
    Math.sqrt(rows.reduce((sum, row) => sum + (row[f] - mean[f]) ** 2, 0) / rows.length),
  );
  const scaled = rows.map((row) => row.map((value, f) => (value - mean[f]) / deviation[f]));
  const { weights, bias } = fitLogistic(scaled, isChest);
  const terms = NAMES.map((name, f) => {
    const [m, d, w] = [mean[f], deviation[f], weights[f]].map((value) => Number(value.toPrecision(4)));
    return `  ${name}: { mean: ${m}, deviation: ${d}, weight: ${w} },`;
  });
  const hex = template.map((value) => value.toString(16).padStart(2, '0')).join('');
  const lines = hex.match(/.{1,96}/g)?.map((line) => `  '${line}'`) ?? [];
  const images = `The mean of ${templates} phantoms and their mirror images`;
  const comment = `/** ${images}, template[${SIDE},${SIDE}], two hexadecimal digits each. */`;
  return `/** Made by \`node scripts/chestCheck/run.mjs fit\` from drawings; see there. */

/** Logistic regression on features less their mean, divided by their deviation. */
export const BIAS = ${Number(bias.toPrecision(4))};
export const TERMS = {
${terms.join('\n')}
} as const;

${comment}
export const TEMPLATE =
${lines.join(' +\n')};
`;
}
