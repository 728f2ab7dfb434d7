/** Batches at the model's doors: each wrong one is named in a typed error, and the model goes on as before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { type DenseNetConfig, densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Batch } from '../../../src/training/batch.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { generatedWeights } from '../../support/networks/generated.js';
import {
  changed,
  TINY,
  TINY_COUNT,
  TINY_LOSS,
  TINY_SIDE,
  tinyBatch,
  tinyFloats,
} from '../../support/networks/tinyNet.js';
import { type ErrorKind, refused, type Wrong } from '../../support/refused.js';

let gpu: Gpu;
let weights: WeightMap;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  weights = generatedWeights(TINY, 3);
});
afterAll(() => gpu.dispose());

const create = (other: DenseNetConfig = TINY) =>
  DenseNet.create(gpu, { config: other, weights: other === TINY ? weights : undefined, seed: 1 });

const raw = tinyBatch(0).pixels;

const PIXELS: [string, Wrong, ErrorKind, RegExp][] = [
  [
    'floats 0..1',
    { pixels: Float32Array.from(raw, (v) => v / 255) },
    UsageError,
    /a Float32Array of 512.*Uint8Array.*Scale/,
  ],
  ['doubles', { pixels: Float64Array.from(raw) }, UsageError, /Float64Array/],
  ['12 bits', { pixels: Uint16Array.from(raw, (v) => v * 16) }, UsageError, /Uint16Array.*12 or 16 bits/],
  ['signed 16 bits', { pixels: Int16Array.from(raw) }, UsageError, /Int16Array.*12 or 16 bits/],
  ['signed bytes', { pixels: Int8Array.from(raw) }, UsageError, /Int8Array/],
  ['a plain array', { pixels: [...raw] }, UsageError, /an Array of 512.*Uint8Array\.from/],
  ['a buffer without a view', { pixels: raw.buffer }, UsageError, /ArrayBuffer/],
  ['nothing', { pixels: undefined }, UsageError, /pixels is undefined/],
  ['null', { pixels: null }, UsageError, /pixels is null/],
  ['too few', { pixels: raw.subarray(1) }, DataError, /511 values where 512/],
  ['RGBA', { channels: 4, pixels: new Uint8Array(4 * raw.length) }, UsageError, /channels is 4.*alpha/],
  ['two channels', { channels: 2, pixels: new Uint8Array(2 * raw.length) }, UsageError, /channels is 2/],
  ['no channels', { channels: undefined }, UsageError, /channels is undefined/],
  ['RGB said to be gray', { pixels: new Uint8Array(3 * raw.length) }, DataError, /1536 values where 512/],
  ['no image', { count: 0, pixels: new Uint8Array(0) }, UsageError, /count is 0/],
  ['half an image', { count: 1.5 }, UsageError, /count is 1.5/],
  ['minus one image', { count: -1 }, UsageError, /count is -1/],
  ['a count in words', { count: '2' }, UsageError, /count is '2'/],
  ['a height below 0', { height: -16 }, UsageError, /-16 is not a multiple/],
  ['a width that is NaN', { width: Number.NaN }, UsageError, /NaN is not a multiple/],
  ['no height', { height: undefined }, UsageError, /undefined is not a multiple/],
  ['no normalisation', { normalisation: undefined }, UsageError, /normalisation is undefined/],
  ['another kind', { normalisation: { kind: 'zscore' } }, UsageError, /kind is 'zscore'/],
  ['no epsilon', { normalisation: { kind: 'samplewise' } }, UsageError, /epsilon is undefined/],
  ['epsilon below 0', { normalisation: { kind: 'samplewise', epsilon: -1 } }, UsageError, /epsilon is -1/],
  [
    'two means',
    { normalisation: { kind: 'featurewise', mean: [1, 2], std: [1, 1, 1], epsilon: 0 } },
    UsageError,
    /mean has 2/,
  ],
  [
    'a mean of NaN',
    { normalisation: { kind: 'featurewise', mean: [1, Number.NaN, 1], std: [1, 1, 1], epsilon: 0 } },
    UsageError,
    /mean\[1\] is NaN/,
  ],
  [
    'a deviation of 0',
    { normalisation: { kind: 'featurewise', mean: [1, 1, 1], std: [1, 1, 0], epsilon: 0 } },
    UsageError,
    /std\[2\] is 0/,
  ],
  [
    'a deviation below 0',
    { normalisation: { kind: 'featurewise', mean: [1, 1, 1], std: [1, -1, 1], epsilon: 0 } },
    UsageError,
    /std\[1\] is -1/,
  ],
  ['names in one string', { files: 'a.png' }, UsageError, /files is 'a.png'/],
];

const FLOATS: [string, Wrong, ErrorKind, RegExp][] = [
  ['doubles', { x: new Float64Array(1536) }, UsageError, /x is a Float64Array of 1536/],
  ['bytes', { x: new Uint8Array(1536) }, UsageError, /x is a Uint8Array/],
  ['a plain array', { x: Array(1536).fill(0) }, UsageError, /x is an Array/],
  ['null', { x: null }, UsageError, /x is null/],
  ['too many', { x: new Float32Array(1537) }, DataError, /x\[b,h,w,3\] holds 1537 values where 1536/],
  ['NaN', { x: tinyFloats(0).x.fill(Number.NaN, 1000, 1001) }, DataError, /A pixel of image 0\.1 is NaN/],
  [
    'NaN without names',
    { files: undefined, x: tinyFloats(0).x.fill(Number.NaN, 1000, 1001) },
    DataError,
    /A pixel of image 1 is NaN/,
  ],
  [
    'infinity',
    { x: tinyFloats(0).x.fill(Number.NEGATIVE_INFINITY, 3, 4) },
    DataError,
    /A pixel of image 0\.0 is -Infinity/,
  ],
];

const LABELS: [string, Wrong, ErrorKind, RegExp][] = [
  ['none', { labels: undefined }, UsageError, /labels is undefined/],
  ['too few', { labels: new Float32Array(3) }, DataError, /2 images came with 3 labels; 2 an image/],
  ['of another network', { labels: new Float32Array(28) }, DataError, /28 labels/],
  ['NaN', { labels: Float32Array.from([0, 1, Number.NaN, 0]) }, DataError, /label of image 0\.1 is NaN/],
  ['-1 for unknown', { labels: Float32Array.from([0, -1, 0, 0]) }, DataError, /label of image 0\.0 is -1/],
  [
    '2, without names',
    { files: undefined, labels: Float32Array.from([0, 2, 0, 0]) },
    DataError,
    /label of image 0 is 2/,
  ],
  ['words', { labels: ['0', '1', '0', '1'] }, UsageError, /labels\[0\] is '0'/],
];

describe('a batch', () => {
  it('is refused by predict, gradcam, inspect and trainStep alike, and the model goes on', async () => {
    const model = await create();
    await model.compile(TINY_LOSS);
    const good = await model.predict(tinyBatch(0));
    const before = await model.exportWeights();
    const doors: [string, (batch: Batch) => unknown][] = [
      ['predict', (batch) => model.predict(batch)],
      ['gradcam', (batch) => model.gradcam(batch, [0])],
      ['inspect', (batch) => model.inspect(batch, () => {})],
      ['trainStep', (batch) => model.trainStep(batch)],
    ];
    for (const [, door] of doors) {
      for (const [, wrong, kind, message] of PIXELS)
        await refused(() => door(changed(tinyBatch(0), wrong)), kind, message);
      for (const [, wrong, kind, message] of FLOATS)
        await refused(() => door(changed(tinyFloats(0), wrong)), kind, message);
      for (const none of [undefined, null, 5, []])
        await refused(() => door(none as unknown as Batch), UsageError, /The batch is/);
    }
    for (const [, wrong, kind, message] of LABELS) {
      await refused(() => model.trainStep(changed(tinyBatch(0), wrong)), kind, message);
    }
    expect(model.steps).toBe(0);
    expect(await model.exportWeights()).toEqual(before);
    expect(await model.predict(tinyBatch(0))).toEqual(good);
    expect(await model.trainStep(tinyBatch(0))).toBeGreaterThan(0);
    model.dispose();
  });

  it('may be of any kind of bytes, in any order of calls, and of labels in any array', async () => {
    const model = await create();
    const want = await model.predict(tinyBatch(0));
    const shared = new Uint8Array(new ArrayBuffer(raw.length + 3), 3);
    shared.set(raw);
    for (const pixels of [new Uint8ClampedArray(raw), Buffer.from(raw), shared]) {
      expect(await model.predict(changed(tinyBatch(0), { pixels }))).toEqual(want);
    }
    expect(await model.predict(changed(tinyBatch(0), { labels: undefined, files: undefined }))).toEqual(want);
    await model.compile(TINY_LOSS);
    const loss = await model.trainStep(tinyBatch(0));
    const labels = [...tinyBatch(0).labels];
    for (const given of [labels, Uint8Array.from(labels), Float64Array.from(labels)]) {
      await model.importWeights(weights);
      await model.compile(TINY_LOSS);
      expect(await model.trainStep(changed(tinyBatch(0), { labels: given }))).toBe(loss);
    }
    model.dispose();
  });

  it('is copied at once: what the caller does to it afterwards changes nothing', async () => {
    const model = await create();
    await model.compile(TINY_LOSS);
    const want = [await model.predict(tinyBatch(0)), await model.predict(tinyFloats(0))];
    const [pixels, floats] = [tinyBatch(0), tinyFloats(0)];
    const running = [model.predict(pixels), model.predict(floats)];
    pixels.pixels.fill(0);
    Object.assign(pixels, { count: 1, height: 32, normalisation: { kind: 'none' } });
    floats.x.fill(Number.NaN);
    expect(await Promise.all(running)).toEqual(want);

    const loss = await model.trainStep(tinyBatch(0));
    await model.importWeights(weights);
    await model.compile(TINY_LOSS);
    const batch = tinyBatch(0);
    const step = model.trainStep(batch);
    batch.labels.fill(0);
    batch.pixels.fill(9);
    expect(await step).toBe(loss);
    model.dispose();
  });

  it.each([1, 2, 4])('of pixels fits %i input channels or is refused', async (inputChannels) => {
    const model = await create(densenetConfig('densenet121', { ...TINY, name: 'other', inputChannels }));
    const rgb = {
      ...tinyBatch(0),
      channels: 3 as const,
      pixels: new Uint8Array(3 * raw.length).map((_, i) => raw[Math.floor(i / 3)]),
    };
    if (inputChannels === 1) {
      expect(await model.predict(rgb)).toEqual(await model.predict(tinyBatch(0)));
    } else {
      await refused(
        () => model.predict(rgb),
        UsageError,
        /Pixels cannot become the . channels .* Normalise them/,
      );
      await refused(() => model.predict(tinyFloats(0)), DataError, /x\[b,h,w,.\] holds 1536 values where/);
    }
    model.dispose();
  });
});

describe('predictAll', () => {
  const source = (batch: Wrong = {}, samples = 2 * TINY_COUNT) => ({
    length: 2,
    samples,
    batchSize: TINY_COUNT,
    labels: ['a', 'b'],
    getBatch: async () => changed(tinyBatch(0), batch),
    onEpochEnd() {},
  });

  it('counts images, not names', async () => {
    const model = await create();
    const one = await model.predict(tinyBatch(0));
    for (const files of [undefined, [], ['a.png']]) {
      const all = await predictAll(model, source({ files }));
      expect([...all.probabilities]).toEqual([...one, ...one]);
      expect(all.files[3]).toBe('image 3');
    }
    expect((await predictAll(model, source({ labels: undefined }))).labels.every(Number.isNaN)).toBe(true);
    await refused(() => predictAll(model, source({ labels: 'none' })), UsageError, /labels/);
    await refused(() => predictAll(model, source({ labels: new Float32Array(5) })), DataError, /5 labels/);
    await refused(() => predictAll(model, source({}, 3)), DataError, /more than the 3 images/);
    await refused(() => predictAll(model, source({}, 5)), DataError, /4 of the 5 images/);
    model.dispose();
  });
});

describe('gradcam', () => {
  it('takes classes and scores that there are', async () => {
    const model = await create();
    const one = tinyBatch(0, 1);
    for (const classes of [[2], [-1], [0.5], [Number.NaN], ['2'], ['a'], [null], 0, null]) {
      await refused(() => model.gradcam(one, classes as number[]), UsageError, /class/);
    }
    await refused(
      () => model.gradcam(one, [0], { score: 'softmax' as 'logit' }),
      UsageError,
      /score is 'softmax'/,
    );
    await refused(() => model.gradcam(tinyBatch(0, 2), [0]), UsageError, /one image at a time, not 2/);
    expect((await model.gradcam(one, [0]))[0].map.length).toBe(TINY_SIDE * TINY_SIDE);
    model.dispose();
  });
});
