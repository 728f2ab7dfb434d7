/** Every public function that takes pixels, labels, scores or settings names what is wrong with them. */
import { describe, expect, it } from 'vitest';
import { DataError, NonFiniteError, UsageError } from '../src/core/errors.js';
import type { Frame } from '../src/data/tables/frame.js';
import { encodePng } from '../src/eval/explain/overlay.node.js';
import * as chexgpu from '../src/index.js';
import { type ErrorKind, refused } from './support/refused.js';

type Case = [what: string, work: () => unknown, kind: ErrorKind, message: RegExp];

const data = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
const image = { width: 4, height: 3, channels: 1 as const, data };

/** What no image may be, and what the message says. */
const IMAGES: [object | null | undefined, ErrorKind, RegExp][] = [
  [{ ...image, data: Float32Array.from(data, (v) => v / 255) }, UsageError, /Float32Array of 12.*Uint8Array/],
  [{ ...image, data: Uint16Array.from(data, (v) => v * 16) }, UsageError, /Uint16Array.*12 or 16 bits/],
  [{ ...image, data: [...data] }, UsageError, /an Array of 12/],
  [{ ...image, data: undefined }, UsageError, /data is undefined/],
  [{ ...image, data: data.subarray(1) }, DataError, /11 values where 4 x 3 pixels of 1 channels are 12/],
  [{ ...image, channels: 4, data: new Uint8Array(48) }, UsageError, /channels is 4.*alpha/],
  [{ ...image, channels: 2, data: new Uint8Array(24) }, UsageError, /channels is 2/],
  [{ ...image, width: 0 }, UsageError, /width is 0/],
  [{ ...image, height: -3 }, UsageError, /height is -3/],
  [{ ...image, width: Number.NaN }, UsageError, /width is NaN/],
  [undefined, UsageError, /is undefined, it must be an object/],
  [null, UsageError, /is null, it must be an object/],
];

const still = chexgpu.drawTransform(chexgpu.makeAugmentation(), new chexgpu.MT19937(1), 3, 4);
const frame: Frame = {
  file: 'train.csv',
  images: ['a.png', 'b.png'],
  patientIds: ['1', '2'],
  classes: ['x', 'y', 'z'],
  labels: Uint8Array.from([0, 1, 0, 1, 0, 1]),
  lines: [2, 3],
};

describe('an image', () => {
  const doors: [string, (given: never) => unknown, floats?: true][] = [
    ['xrayBatch', (given) => chexgpu.xrayBatch(given, 32)],
    ['resize', (given) => chexgpu.resize(given, 2, 2, 'bilinear')],
    ['resize to the size it has', (given) => chexgpu.resize(given, 4, 3)],
    ['resizeNearest', (given) => chexgpu.resizeNearest(given, 2, 2)],
    ['fitFeaturewise', (given) => chexgpu.fitFeaturewise([image, given])],
    ['applyTransform', (given) => chexgpu.applyTransform(given, still, chexgpu.makeAugmentation()), true],
    [
      'the load of an ImageGenerator',
      (given) =>
        new chexgpu.ImageGenerator({ frame, load: async () => given, height: 3, width: 4 }).getItem(0),
    ],
    [
      'encodePng',
      (given: { data?: unknown } | null | undefined) =>
        encodePng((given && { ...given, pixels: given.data }) as never),
    ],
  ];

  it.each(doors)('that is none is refused by %s', async (_, door, floats) => {
    for (const [given, kind, message] of IMAGES) {
      if (floats && message.source.startsWith('Float32Array')) continue;
      await refused(() => door(given as never), kind, message);
    }
  });

  it('may hold the bytes of a canvas or a Buffer', () => {
    const want = chexgpu.xrayBatch(image, 32);
    for (const bytes of [new Uint8ClampedArray(data), Buffer.from(data)]) {
      expect(chexgpu.xrayBatch({ ...image, data: bytes as Uint8Array }, 32)).toEqual(want);
    }
  });

  it('is left to the caller: a batch has pixels of its own', () => {
    const square = { width: 3, height: 3, channels: 1 as const, data: new Uint8Array(9) };
    const batch = chexgpu.xrayBatch(square, 3);
    square.data.fill(7);
    expect([...batch.pixels]).toEqual(Array(9).fill(0));
  });
});

const wrong = (value: unknown) => value as never;
const map = new Float32Array(12);

const CASES: Case[] = [
  ['xrayBatch: size 0', () => chexgpu.xrayBatch(image, 0), UsageError, /size is 0/],
  ['xrayBatch: size NaN', () => chexgpu.xrayBatch(image, Number.NaN), UsageError, /size is NaN/],
  ['xrayBatch: size 1e9', () => chexgpu.xrayBatch(image, 1e9), UsageError, /1000000000 x/],
  [
    'xrayBatch: filter',
    () => chexgpu.xrayBatch(image, 32, 'a', { interpolation: 'cubic' }),
    UsageError,
    /"cubic"/,
  ],
  [
    'xrayBatch: normalisation',
    () => chexgpu.xrayBatch(image, 32, 'a', { normalisation: wrong({ kind: 'zero' }) }),
    UsageError,
    /kind is 'zero'/,
  ],
  [
    'xrayBatch: a deviation of NaN',
    () =>
      chexgpu.xrayBatch(image, 32, 'a', {
        normalisation: { kind: 'featurewise', mean: [1, 1, 1], std: [1, Number.NaN, 1], epsilon: 0 },
      }),
    UsageError,
    /std\[1\] is NaN/,
  ],
  [
    'fitFeaturewise: one image',
    () => chexgpu.fitFeaturewise(wrong(image)),
    UsageError,
    /images are an Object/,
  ],
  [
    'fitFeaturewise: sizes',
    () => chexgpu.fitFeaturewise([image, { ...image, width: 3, height: 4 }]),
    DataError,
    /Image 1 is of 3 x 4/,
  ],
  [
    'fitFeaturewise: mode',
    () => chexgpu.fitFeaturewise([image], wrong('float32')),
    UsageError,
    /mode is 'float32'/,
  ],
  [
    'computeClassFreqs: half a row',
    () => chexgpu.computeClassFreqs(new Uint8Array(3), 2),
    DataError,
    /3 labels do not make rows of 2/,
  ],
  ['computeClassFreqs: no rows', () => chexgpu.computeClassFreqs([], 2), DataError, /at least one row/],
  ['computeClassFreqs: 0 classes', () => chexgpu.computeClassFreqs([1], 0), UsageError, /classes is 0/],
  [
    'computeClassFreqs: 1.5 classes',
    () => chexgpu.computeClassFreqs([1, 0, 1], 1.5),
    UsageError,
    /classes is 1.5/,
  ],
  [
    'computeClassFreqs: -1',
    () => chexgpu.computeClassFreqs([0, 1, -1, 0], 2),
    DataError,
    /class 0 in row 1 is -1/,
  ],
  [
    'computeClassFreqs: NaN',
    () => chexgpu.computeClassFreqs([0, Number.NaN], 2),
    DataError,
    /class 1 in row 0 is NaN/,
  ],
  [
    'computeClassFreqs: nothing',
    () => chexgpu.computeClassFreqs(wrong(undefined), 2),
    UsageError,
    /labels is undefined/,
  ],
  [
    'computeClassFreqs: nested rows',
    () => chexgpu.computeClassFreqs(wrong([[0, 1]]), 2),
    UsageError,
    /labels\[0\] is an Array of 2/,
  ],
  [
    'frameFrequencies: labels',
    () => chexgpu.frameFrequencies({ ...frame, labels: new Uint8Array(5) }),
    DataError,
    /5 labels for 2 images of 3/,
  ],
  [
    'frameFrequencies: nothing',
    () => chexgpu.frameFrequencies(wrong(undefined)),
    UsageError,
    /frame is undefined/,
  ],
  [
    'lossWeights: NaN',
    () => chexgpu.lossWeights({ positive: Float64Array.of(Number.NaN), negative: Float64Array.of(1) }),
    UsageError,
    /positive\[0\] is NaN/,
  ],
  [
    'lossWeights: sides',
    () => chexgpu.lossWeights({ positive: Float64Array.of(1, 0), negative: Float64Array.of(1) }),
    UsageError,
    /2 classes on one side and 1/,
  ],
  [
    'contributions: classes',
    () =>
      chexgpu.contributions(
        chexgpu.computeClassFreqs([0, 1], 2),
        chexgpu.lossWeights(chexgpu.computeClassFreqs([0], 1)),
      ),
    UsageError,
    /1 classes and frequencies of 2/,
  ],
  [
    'ImageGenerator: labels',
    () =>
      new chexgpu.ImageGenerator({
        frame: { ...frame, labels: new Uint8Array(7) },
        load: async () => image,
        height: 3,
        width: 4,
      }),
    DataError,
    /7 labels for 2 images/,
  ],
  [
    'ImageGenerator: a label of 2',
    () =>
      new chexgpu.ImageGenerator({
        frame: { ...frame, labels: new Uint8Array(6).fill(2) },
        load: async () => image,
        height: 3,
        width: 4,
      }),
    DataError,
    /a label of a\.png is 2/,
  ],
  [
    'ImageGenerator: load',
    () => new chexgpu.ImageGenerator({ frame, load: wrong('images/'), height: 3, width: 4 }),
    UsageError,
    /load is 'images\/'/,
  ],
  [
    'ImageGenerator: normalisation',
    () =>
      new chexgpu.ImageGenerator({
        frame,
        load: async () => image,
        height: 3,
        width: 4,
        normalisation: wrong({ kind: 'samplewise', epsilon: Number.NaN }),
      }),
    UsageError,
    /epsilon is NaN/,
  ],
  [
    'weightedCrossEntropy: half a row',
    () =>
      chexgpu
        .weightedCrossEntropy({ posWeights: [1, 1], negWeights: [1, 1] })
        .value([0.5, 0.5, 0.5], [0, 1, 0]),
    DataError,
    /3 probabilities and 3 labels for 2/,
  ],
  [
    'weightedCrossEntropy: sides',
    () => chexgpu.weightedCrossEntropy({ posWeights: [1, 1], negWeights: [1] }).value([0.5, 0.5], [0, 1]),
    UsageError,
    /negWeights has 1/,
  ],
  [
    'weightedCrossEntropy: below 0',
    () => chexgpu.weightedCrossEntropy({ posWeights: [-1], negWeights: [1] }).value([0.5], [1]),
    UsageError,
    /posWeights\[0\] is -1/,
  ],
  [
    'weightedCrossEntropy: epsilon',
    () => chexgpu.weightedCrossEntropy({ posWeights: [1], negWeights: [1], epsilon: -1 }).value([0.5], [1]),
    UsageError,
    /epsilon is -1/,
  ],
  [
    'weightedCrossEntropy: NaN',
    () => chexgpu.weightedCrossEntropy({ posWeights: [1], negWeights: [1] }).value([Number.NaN], [1]),
    NonFiniteError,
    /position 0 is NaN/,
  ],
  [
    'weightedCrossEntropy: a logit',
    () => chexgpu.weightedCrossEntropy({ posWeights: [1], negWeights: [1] }).value([2.5], [1]),
    DataError,
    /position 0 is 2.5/,
  ],
  [
    'weightedCrossEntropy: a label of 7',
    () => chexgpu.weightedCrossEntropy({ posWeights: [1], negWeights: [1] }).value([0.5], [7]),
    DataError,
    /label at position 0 is 7/,
  ],
  [
    'evaluate: no names',
    () => chexgpu.evaluate([0.5], [1], wrong(undefined)),
    UsageError,
    /names are undefined/,
  ],
  ['evaluate: a count for names', () => chexgpu.evaluate([0.5], [1], wrong(1)), UsageError, /names are 1/],
  [
    'evaluate: no labels',
    () => chexgpu.evaluate([0.5], wrong(undefined), ['a']),
    UsageError,
    /labels is undefined/,
  ],
  [
    'evaluate: words',
    () => chexgpu.evaluate(wrong(['0.5']), [1], ['a']),
    UsageError,
    /predictions\[0\] is '0.5'/,
  ],
  ['rocAucScore: nothing', () => chexgpu.rocAucScore(wrong(null), [1], 1), UsageError, /labels is null/],
  [
    'rocAuc: rows',
    () => chexgpu.rocAuc(wrong([[0], [1]]), [0.1, 0.2]),
    UsageError,
    /labels\[0\] is an Array/,
  ],
  ['auc: NaN', () => chexgpu.auc([0, Number.NaN], [0, 1]), NonFiniteError, /x\[1\] of the curve is NaN/],
  ['auc: falling', () => chexgpu.auc([1, 0], [0, 1]), DataError, /x\[1\] of the curve is 0, below 1/],
  ['bestClasses: k', () => chexgpu.bestClasses([0.5], -1), UsageError, /k is -1/],
  [
    'overlay: floats',
    () => chexgpu.overlay(wrong(new Float32Array(12)), map, 0.5),
    UsageError,
    /pixels is a Float32Array/,
  ],
  [
    'overlay: doubles',
    () => chexgpu.overlay(data, wrong(new Float64Array(12)), 0.5),
    UsageError,
    /map is a Float64Array/,
  ],
  ['overlay: alpha', () => chexgpu.overlay(data, map, Number.NaN), DataError, /alpha is 0..1, not NaN/],
  ['overlayAlpha', () => chexgpu.overlayAlpha(Number.NaN), UsageError, /probability is NaN/],
  ['opNorm', () => chexgpu.opNorm(wrong([0.5]), Float32Array.of(0.5)), UsageError, /p is an Array/],
];

describe('a public function', () => {
  it.each(CASES)('%s', (_, work, kind, message) => refused(work, kind, message));
});

describe('what is exported for all', () => {
  it('cannot be changed by one', () => {
    const constants = [
      chexgpu.LABELS,
      chexgpu.CSV_COLUMNS,
      chexgpu.XRV_LABELS,
      chexgpu.INTERPOLATIONS,
      chexgpu.NETWORK_NAMES,
      chexgpu.DENSENET_NAMES,
      chexgpu.XRAY_NETWORKS,
      chexgpu.KERAS_FORMATS,
      chexgpu.SAMPLEWISE,
      chexgpu.IMAGENET_PREPROCESSING,
      chexgpu.IMAGENET_PREPROCESSING.normalisation,
      (chexgpu.XRV_PREPROCESSING.normalisation as { mean: number[] }).mean,
      chexgpu.densenetConfig('densenet121').blocks,
    ];
    for (const constant of constants) expect(Object.isFrozen(constant)).toBe(true);
  });
});
