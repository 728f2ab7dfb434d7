/** Rows drawn by weights, against NumPy; how often they come, against what the weights say. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { ImageGenerator, type ImageGeneratorOptions } from '../../../src/data/generator/generator.js';
import { balancedWeights, drawWeighted } from '../../../src/data/generator/weightedDraw.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { labelsGolden } from '../../support/golden/labelsGolden.js';

const { labels, weights, seed, draws, next } = labelsGolden.sampler;

const frame: Frame = {
  file: 'f.csv',
  images: labels.map((_, row) => `${row}.png`),
  patientIds: labels.map((_, row) => `${row}`),
  classes: ['A', 'B', 'C'],
  labels: Float32Array.from(labels.flat()),
  lines: labels.map((_, row) => row + 2),
};

function generatorOf(options: Partial<ImageGeneratorOptions> = {}): ImageGenerator {
  const load = async () => ({ width: 2, height: 2, channels: 1 as const, data: new Uint8Array(4) });
  return new ImageGenerator({ frame, load, height: 2, width: 2, batchSize: 4, seed: 3, ...options });
}

async function epochOf(generator: ImageGenerator): Promise<number[]> {
  const rows: number[] = [];
  for (let i = 0; i < generator.length; i++) {
    rows.push(...(await generator.getPixels(i)).files.map((file) => Number.parseInt(file, 10)));
  }
  generator.onEpochEnd();
  return rows;
}

describe('rows drawn by weights', () => {
  it("are NumPy's choice, number for number", () => {
    const rng = new MT19937(seed);
    expect([...drawWeighted(rng, weights, draws.length)]).toEqual(draws);
    expect(rng.random()).toBe(next);
  });

  it('never are those of weight 0', () => {
    const drawn = drawWeighted(new MT19937(1), [0, 1, 0, 3, 0], 2000);
    expect([...new Set(drawn)].sort()).toEqual([1, 3]);
    const share = drawn.filter((row) => row === 3).length / drawn.length;
    // Four standard deviations of a share of 2000.
    expect(Math.abs(share - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / 2000));
  });

  it.each([
    [[1, -1], /weight of row 1 is -1/],
    [[1, Number.NaN], /weight of row 1 is NaN/],
    [[0, 0], /add up to 0/],
    [[Number.POSITIVE_INFINITY], /add up to Infinity/],
    [[], /add up to 0/],
  ])('are refused for the weights %j', (bad, message) => {
    expect(() => drawWeighted(new MT19937(1), bad, 4)).toThrow(UsageError);
    expect(() => drawWeighted(new MT19937(1), bad, 4)).toThrow(message);
  });
});

describe('balanced weights', () => {
  it('make the groups of rarest findings even', () => {
    const got = balancedWeights(frame);
    expect([...got]).toEqual(weights);
    // A: 2 of 10 rows, B: 3, C: 6.
    const groups = [null, 2, 2, 1, null, 0, 2, 1, null, 0];
    for (const group of [null, 0, 1, 2]) {
      const sum = got.reduce((all, weight, row) => all + (groups[row] === group ? weight : 0), 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it('take an unknown label for no finding', () => {
    const unknown = { ...frame, labels: frame.labels.map((y, i) => (i < 9 && y === 1 ? Number.NaN : y)) };
    expect(balancedWeights(unknown as Frame)[1]).toBe(balancedWeights(unknown as Frame)[0]);
  });
});

describe('a generator with row weights', () => {
  it('draws every epoch anew and as long as the data, the same by the same seed', async () => {
    const [one, two] = [
      generatorOf({ rowWeights: balancedWeights }),
      generatorOf({ rowWeights: balancedWeights }),
    ];
    expect(one.length).toBe(3);
    const epochs = [await epochOf(one), await epochOf(one)];
    expect(epochs.map((rows) => rows.length)).toEqual([10, 10]);
    expect(epochs[1]).not.toEqual(epochs[0]);
    expect([await epochOf(two), await epochOf(two)]).toEqual(epochs);
    expect(await epochOf(generatorOf({ rowWeights: balancedWeights, seed: 4 }))).not.toEqual(epochs[0]);
  });

  it('goes on from a state as if it had never stopped, also within an epoch', async () => {
    const options = { rowWeights: balancedWeights };
    const [one, two] = [generatorOf(options), generatorOf({ ...options, seed: 3 })];
    await epochOf(one);
    await one.getPixels(0);
    two.restore(one.state());
    const rest = async (generator: ImageGenerator) => [
      (await generator.getPixels(1)).files,
      (await generator.getPixels(2)).files,
    ];
    expect(await rest(two)).toEqual(await rest(one));
    for (const generator of [one, two]) generator.onEpochEnd();
    expect(await epochOf(two)).toEqual(await epochOf(one));
  });

  it('gives each finding as often as the weights say', async () => {
    const generator = generatorOf({ rowWeights: balancedWeights, batchSize: 10 });
    const counts = new Array(10).fill(0);
    for (let e = 0; e < 400; e++) for (const row of await epochOf(generator)) counts[row]++;
    for (const [row, count] of counts.entries()) {
      const expected = weights[row] / 4;
      expect(Math.abs(count / 4000 - expected)).toBeLessThan(
        4 * Math.sqrt((expected * (1 - expected)) / 4000),
      );
    }
  });

  it('keeps the labels with their images', async () => {
    const { files, labels: given } = await generatorOf({ rowWeights: balancedWeights }).getPixels(0);
    files.forEach((file, i) => {
      expect([...given.subarray(3 * i, 3 * i + 3)]).toEqual(labels[Number.parseInt(file, 10)]);
    });
  });

  it('refuses weights of other rows, and no shuffling', () => {
    expect(() => generatorOf({ rowWeights: () => [1] })).toThrow(/1 weights for 10 rows/);
    expect(() => generatorOf({ rowWeights: balancedWeights, shuffle: false })).toThrow(/shuffle is false/);
    expect(() => generatorOf({ rowWeights: [1] as never })).toThrow(UsageError);
  });
});
