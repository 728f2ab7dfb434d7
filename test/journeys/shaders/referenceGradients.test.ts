import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import * as batchnorm from '../../../src/shaders/batchnorm/batchnorm.reference.js';
import { at, type Dense, dense, type Shape } from '../../../src/shaders/checkCase.js';
import * as conv from '../../../src/shaders/conv/conv.reference.js';
import * as fullyConnected from '../../../src/shaders/dense/dense.reference.js';
import * as gradcam from '../../../src/shaders/gradcam/gradcam.reference.js';
import { binaryLoss } from '../../../src/shaders/loss/binary/binary.reference.js';
import { focalLoss } from '../../../src/shaders/loss/focal/focal.reference.js';
import * as loss from '../../../src/shaders/loss/loss.reference.js';
import { weightedLoss } from '../../../src/shaders/loss/weighted/weighted.reference.js';
import * as pointwise from '../../../src/shaders/pointwise/pointwise.reference.js';
import * as pool from '../../../src/shaders/pool/pool.reference.js';

function filled(shape: Shape, seed: number, low = -1, high = 1): Dense {
  const random = new MT19937(seed);
  const tensor = dense(shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = low + (high - low) * random.random();
  return tensor;
}

const dot = (a: Dense, b: Dense) => a.data.reduce((sum, v, i) => sum + v * b.data[i], 0);

/** Central differences of `f` in every element of `input`, float64. */
function numeric(f: () => number, input: Dense): Float64Array {
  const step = 1e-6;
  return input.data.map((v, i) => {
    input.data[i] = v + step;
    const up = f();
    input.data[i] = v - step;
    const down = f();
    input.data[i] = v;
    return (up - down) / (2 * step);
  });
}

function expectClose(got: Dense, want: Float64Array, tolerance = 1e-7) {
  expect(got.data.length).toBe(want.length);
  expect(Math.hypot(...want)).toBeGreaterThan(1e-3);
  for (let i = 0; i < want.length; i++) expect(Math.abs(got.data[i] - want[i])).toBeLessThan(tolerance);
}

describe('reference gradients against central differences', () => {
  it.each([
    { kernel: 1, stride: 1, pad: 0, side: 4 },
    { kernel: 3, stride: 1, pad: 1, side: 4 },
  ])('conv $kernel x $kernel, data', ({ side, ...shape }) => {
    const x = filled([2, side, side, 3], 1);
    const w = filled([shape.kernel, shape.kernel, 3, 2], 2);
    const dy = filled([2, side, side, 2], 3);
    const f = () => dot(conv.convForward(x, w, dy.shape, shape), dy);
    expectClose(conv.convBackwardData(dy, w, x.shape, shape), numeric(f, x));
  });

  it.each([
    { kernel: 1, stride: 1, pad: 0, out: 5 },
    { kernel: 3, stride: 1, pad: 1, out: 5 },
    { kernel: 7, stride: 2, pad: 3, out: 3 },
  ])('conv $kernel x $kernel / $stride, weights, behind a prologue', ({ out, ...shape }) => {
    const x = filled([2, 5, 5, 3], 4);
    const w = filled([shape.kernel, shape.kernel, 3, 2], 5);
    const affine = filled([1, 1, 1, 6], 6);
    const dy = filled([2, out, out, 2], 7);
    const f = () => dot(conv.convForward(x, w, dy.shape, shape, affine), dy);
    expectClose(conv.convBackwardWeights(x, dy, w.shape, shape, affine), numeric(f, w));
  });

  it('batch norm with ReLU: input, gamma and beta', () => {
    const epsilon = 1.001e-5;
    const x = filled([2, 3, 3, 4], 8);
    const gammaBeta = filled([1, 1, 2, 4], 9, 0.2, 1.2);
    const da = filled(x.shape, 10);
    const f = () => dot(batchnorm.batchnormForward(x, gammaBeta, epsilon), da);
    const stats = batchnorm.batchStatistics(x);
    const affine = batchnorm.affineOf(stats, gammaBeta, epsilon);
    const { dx, dgammaBeta } = batchnorm.batchnormBackward({ x, affine, stats, epsilon }, da);
    expectClose(dx, numeric(f, x));
    expectClose(dgammaBeta, numeric(f, gammaBeta));
  });

  it('batch norm alone: input, gamma and beta', () => {
    const epsilon = 1e-3;
    const x = filled([2, 3, 3, 4], 28);
    const gammaBeta = filled([1, 1, 2, 4], 29, 0.2, 1.2);
    const da = filled(x.shape, 30);
    const f = () => dot(batchnorm.batchnormForward(x, gammaBeta, epsilon, false), da);
    const stats = batchnorm.batchStatistics(x);
    const affine = batchnorm.affineOf(stats, gammaBeta, epsilon);
    const { dx, dgammaBeta } = batchnorm.batchnormBackward({ x, affine, stats, epsilon }, da, false);
    expectClose(dx, numeric(f, x));
    expectClose(dgammaBeta, numeric(f, gammaBeta));
  });

  it('two batch norms that read the same map: gathered, then finalised once', () => {
    const epsilon = 1e-3;
    const x = filled([2, 3, 3, 4], 41);
    const readers = [42, 44].map((seed) => ({
      gammaBeta: filled([1, 1, 2, 4], seed, 0.2, 1.2),
      da: filled(x.shape, seed + 1),
    }));
    const f = () =>
      readers.reduce(
        (sum, { gammaBeta, da }) => sum + dot(batchnorm.batchnormForward(x, gammaBeta, epsilon), da),
        0,
      );
    const stats = batchnorm.batchStatistics(x);
    let before: { g?: Dense; sums?: Dense } = {};
    for (const [i, { gammaBeta, da }] of readers.entries()) {
      const norm = { x, affine: batchnorm.affineOf(stats, gammaBeta, epsilon), stats, epsilon };
      const last = i === readers.length - 1;
      const ended = batchnorm.backwardFinalise(norm, batchnorm.reluBackward(norm, da), before, last ? 0 : 4);
      expectClose(ended.dgammaBeta, numeric(f, gammaBeta));
      before = ended;
    }
    expectClose(before.g!, numeric(f, x));
  });

  it('ReLU alone', () => {
    const x = filled([2, 3, 3, 4], 31);
    const dy = filled(x.shape, 32);
    const f = () => dot(pointwise.pointwise(x, undefined, true), dy);
    expectClose(pointwise.reluBackward(x, dy), numeric(f, x));
  });

  it('max pool, windows over the padding', () => {
    const shape = { kernel: 3, stride: 2, pad: 1 };
    const x = filled([2, 6, 5, 3], 11);
    const dy = filled([2, 3, 3, 3], 12);
    const f = () => dot(pool.maxPoolForward(x, dy.shape, shape).y, dy);
    const { argmax } = pool.maxPoolForward(x, dy.shape, shape);
    expectClose(pool.maxPoolBackward(dy, argmax, x.shape, shape), numeric(f, x));
  });

  it.each([
    { shape: { kernel: 2, stride: 2, pad: 0 }, out: [3, 2] },
    { shape: { kernel: 3, stride: 2, pad: 1 }, out: [3, 3] },
  ])('average pool $shape.kernel, windows over the edge', ({ shape, out }) => {
    const x = filled([2, 5, 5, 2], 13);
    const dy = filled([2, out[0], out[1], 2], 14);
    const f = () => dot(pool.averagePoolForward(x, dy.shape, shape), dy);
    expectClose(pool.averagePoolBackward(dy, x.shape, shape), numeric(f, x));
  });

  it('global average pool', () => {
    const x = filled([2, 3, 5, 4], 15);
    const dy = filled([2, 1, 1, 4], 16);
    const f = () => dot(pool.globalAveragePoolForward(x), dy);
    expectClose(pool.globalAveragePoolBackward(dy, x.shape), numeric(f, x));
  });

  it('dense: input, weights and bias', () => {
    const x = filled([3, 1, 1, 5], 17);
    const w = filled([1, 1, 5, 4], 18);
    const bias = filled([1, 1, 1, 4], 19);
    const dy = filled([3, 1, 1, 4], 20);
    const f = () => dot(fullyConnected.denseForward(x, w, bias), dy);
    expectClose(fullyConnected.denseBackwardData(dy, w), numeric(f, x));
    const { dw, db } = fullyConnected.denseBackwardWeights(x, dy);
    expectClose(dw, numeric(f, w));
    expectClose(db, numeric(f, bias));
  });

  it.each([1e-7, 1])('weighted loss, epsilon %f', (epsilon) => {
    const z = filled([4, 1, 1, 5], 21, -4, 4);
    const labels = filled([4, 1, 1, 5], 22);
    labels.data.forEach((v, i) => {
      labels.data[i] = v < 0 ? 0 : 1;
    });
    const weights = filled([1, 1, 1, 10], 23, 0, 1);
    const f = () => weightedLoss(z, labels, weights, epsilon).loss.data[0];
    expectClose(weightedLoss(z, labels, weights, epsilon).dz, numeric(f, z));
  });

  it.each<[string, (z: Dense, labels: Dense) => { loss: Dense; dz: Dense }]>([
    ['binary cross-entropy', binaryLoss],
    ['focal loss', (z, labels) => focalLoss(z, labels, 2, 0.25)],
    ['focal loss, gamma 0.5', (z, labels) => focalLoss(z, labels, 0.5, 0.9)],
  ])('%s, some labels unknown', (_, loss) => {
    const z = filled([4, 1, 1, 5], 27, -4, 4);
    const labels = filled([4, 1, 1, 5], 28);
    labels.data.forEach((v, i) => {
      labels.data[i] = i % 4 === 1 ? Number.NaN : v < 0 ? 0 : 1;
    });
    expectClose(
      loss(z, labels).dz,
      numeric(() => loss(z, labels).loss.data[0], z),
    );
  });

  it.each(['sigmoid', 'logit'] as const)("Grad-CAM's alpha, score %s", (score) => {
    const [h, w, channels, classes, selected] = [3, 4, 5, 3, 1];
    const a = filled([1, h, w, channels], 24);
    const weights = filled([1, 1, channels, classes], 25);
    const bias = filled([1, 1, 1, classes], 26);
    const logits = () => {
      const relu: Dense = { shape: a.shape, data: a.data.map((v) => Math.max(0, v)) };
      return fullyConnected.denseForward(pool.globalAveragePoolForward(relu), weights, bias);
    };
    const f = () => (score === 'logit' ? logits() : loss.sigmoid(logits())).data[selected];
    const slope: Dense = { shape: a.shape, data: numeric(f, a) };
    const want = new Float64Array(channels);
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < channels; k++) want[k] += slope.data[at(slope, 0, y, x, k)] / (h * w);
    const identity = dense([1, 1, 2, channels]);
    identity.data.fill(1, 0, channels);
    const p = loss.sigmoid(logits());
    expectClose(gradcam.gradcamWeights(a, identity, weights, p, selected, score), want, 1e-9);
  });
});
