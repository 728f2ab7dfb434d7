/** Fits the check of X-rays on drawings, or counts how often it warns of the pictures in some folders. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChestFeature,
  chestFeatures,
  FEATURES,
  SIDE,
  smallCopy,
} from '../../src/data/checks/chestFeatures.js';
import { frontalChest } from '../../src/data/checks/frontalChest.js';
import { decodeFile } from '../../src/data/images/decode.node.js';
import type { PixelImage } from '../../src/data/images/pixels.js';
import { chests, others } from './pictures.js';

const SEEDS = { template: 301, chests: 302, others: 303, testChests: 304, testOthers: 305 };
const COUNT = 1200;
const NAMES = Object.keys(FEATURES) as ChestFeature[];
/** Keeps the weights small, so that a real film may differ from a drawing. */
const RIDGE = 0.01;

function meanChest(): number[] {
  const sum = new Float64Array(SIDE * SIDE);
  for (const chest of chests(300, SEEDS.template)) {
    smallCopy(chest).forEach((value, i) => {
      sum[i] += value;
    });
  }
  // A chest is as often turned a little to one side as to the other.
  const mirrored = (i: number) => i - (i % SIDE) + SIDE - 1 - (i % SIDE);
  return Array.from(sum, (value, i) => Math.round((value + sum[mirrored(i)]) / 600));
}

/** Logistic regression by gradient descent on features with mean 0 and deviation 1. */
function fitLogistic(
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

function fitModel(file: string): void {
  const template = meanChest();
  const pictures = [...chests(COUNT, SEEDS.chests), ...others(COUNT, SEEDS.others)];
  const isChest = pictures.map((_, i) => i < COUNT);
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
  writeFileSync(
    file,
    `/** Made by \`node scripts/chestCheck/run.mjs fit\` from drawings; see there. */

/** Logistic regression on features less their mean, divided by their deviation. */
export const BIAS = ${Number(bias.toPrecision(4))};
export const TERMS = {
${terms.join('\n')}
} as const;

/** The mean of 300 phantoms and their mirror images, template[${SIDE},${SIDE}], two hexadecimal digits each. */
export const TEMPLATE =
${lines.join(' +\n')};
`,
  );
}

function count(name: string, pictures: Iterable<PixelImage>): void {
  let [warned, all] = [0, 0];
  for (const picture of pictures) {
    all++;
    if (frontalChest(picture).doubts.length > 0) warned++;
  }
  console.log(
    `${name}: ${warned} of ${all} are no chest X-ray by the check (${((100 * warned) / all).toFixed(1)} %)`,
  );
}

async function countFolder(folder: string, names: boolean): Promise<void> {
  const pictures: PixelImage[] = [];
  for (const file of readdirSync(folder).sort()) {
    try {
      const { image } = await decodeFile(join(folder, file));
      pictures.push(image);
      if (names) console.log(file, frontalChest(image));
    } catch (error) {
      console.log(`${file}: ${(error as Error).message}`);
    }
  }
  count(folder, pictures);
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'fit') fitModel(rest[0] ?? 'src/data/checks/chestModel.ts');
else {
  count('600 new phantoms', chests(600, SEEDS.testChests));
  count('600 new drawings of other things', others(600, SEEDS.testOthers));
  for (const folder of rest.filter((one) => one !== '--names'))
    await countFolder(folder, rest.includes('--names'));
}
