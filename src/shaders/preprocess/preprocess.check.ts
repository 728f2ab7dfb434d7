/** The shapes on which preprocess.ts is checked: images that end in the middle of a word, constant images. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, TensorSpec } from '../checkCase.js';
import { MOMENTS, NORMALISE, normalise, pixelWords, SQUARES, SUMS, samplewiseMoments } from './preprocess.js';
import * as reference from './preprocess.reference.js';

interface Geometry {
  title: string;
  batch: number;
  height: number;
  width: number;
  channels: 1 | 3;
  /** Channels of x; default 3. */
  out?: 1 | 3;
  /** Words of pixels; default random. */
  fill?: TensorSpec['fill'];
  /** Channels of the buffer that x is a slice of. */
  wide?: { channels: number; from: number };
  race?: boolean;
}

const randomWord = (random: () => number) => Math.floor(random() * 2 ** 32);

const GEOMETRIES: Geometry[] = [
  { title: 'gray, odd', batch: 3, height: 5, width: 7, channels: 1 },
  { title: 'RGB, odd', batch: 2, height: 7, width: 3, channels: 3 },
  { title: 'gray, several slices, odd', batch: 3, height: 61, width: 59, channels: 1 },
  { title: 'RGB, several slices', batch: 2, height: 46, width: 34, channels: 3 },
  { title: 'gray, multiple of four', batch: 2, height: 6, width: 10, channels: 1 },
  {
    title: 'bright, low contrast',
    batch: 2,
    height: 40,
    width: 31,
    channels: 1,
    fill: (random) => 0xfafafafa + Math.floor(random() * 4) + 256 * Math.floor(random() * 4),
  },
  {
    title: 'RGB into four channels',
    batch: 2,
    height: 4,
    width: 5,
    channels: 3,
    wide: { channels: 4, from: 1 },
  },
  { title: 'gray at 64 px', batch: 4, height: 64, width: 64, channels: 1, race: true },
  { title: 'RGB at 64 px', batch: 4, height: 64, width: 64, channels: 3, race: true },
];
/** A network that reads one channel. */
const ONE_CHANNEL: Geometry[] = [
  { title: 'gray to one channel, odd', batch: 3, height: 5, width: 7, channels: 1, out: 1 },
  { title: 'gray to one channel', batch: 2, height: 6, width: 10, channels: 1, out: 1 },
  {
    title: 'gray to one channel of four',
    batch: 2,
    height: 4,
    width: 5,
    channels: 1,
    out: 1,
    wide: { channels: 4, from: 2 },
  },
];
const CONSTANT: Geometry = {
  title: 'constant image',
  batch: 1,
  height: 5,
  width: 5,
  channels: 3,
  fill: () => 0xc9c9c9c9,
};

function pixelSpec({ batch, height, width, channels, fill }: Geometry): TensorSpec {
  return {
    shape: [1, 1, 1, pixelWords(batch, height, width, channels)],
    role: 'input',
    dtype: 'u32',
    fill: fill ?? randomWord,
  };
}

function momentsCase(op: string, variants: string[], g: Geometry): CheckCase {
  const { batch, height, width, channels } = g;
  const epsilon = 1e-6;
  return {
    op,
    title: g.title,
    variants,
    race: g.race,
    tensors: { pixels: pixelSpec(g), moments: { shape: [batch, 1, 1, 6], role: 'output' } },
    record: (plan, t) =>
      samplewiseMoments(
        plan,
        'check',
        { pixels: t.pixels, moments: t.moments },
        { height, width, channels, epsilon },
      ),
    reference: (t) => ({
      moments: reference.samplewiseMoments(t.pixels, batch, height * width * channels, epsilon),
    }),
    tolerance: TOLERANCE.f32Small,
  };
}

function normaliseCase(g: Geometry): CheckCase {
  const { batch, height, width, channels, out = 3 } = g;
  return {
    op: 'preprocess.normalise',
    title: g.title,
    variants: Object.keys(NORMALISE),
    race: g.race,
    tensors: {
      pixels: pixelSpec(g),
      moments: {
        shape: [batch, 1, 1, 6],
        role: 'input',
        // Three means about 127, then three scales about 1/60.
        fill: (random, i) => (i % 6 < 3 ? 100 + 50 * random() : 0.01 + 0.01 * random()),
      },
      x: { shape: [batch, height, width, out], within: g.wide, role: 'output' },
    },
    record: (plan, t) =>
      normalise(plan, 'check', { pixels: t.pixels, moments: t.moments, x: t.x }, { channels }),
    reference: (t) => ({
      x: reference.normalise(t.pixels, t.moments, [batch, height, width, out], channels),
    }),
  };
}

const withMoments = [...GEOMETRIES, CONSTANT];

const checks: CheckCase[] = [
  ...withMoments.map((g) => momentsCase('preprocess.sums', Object.keys(SUMS), g)),
  ...withMoments.map((g) => momentsCase('preprocess.squares', Object.keys(SQUARES), g)),
  ...withMoments.map((g) => momentsCase('preprocess.moments', Object.keys(MOMENTS), g)),
  ...[...GEOMETRIES, ...ONE_CHANNEL].map(normaliseCase),
];

export const operation: Operation = { kernels: [SUMS, SQUARES, MOMENTS, NORMALISE], checks };
