/** Parts of the Race that compute without a page. */
import { describe, expect, it } from 'vitest';
import { ALL_OPS } from '../../src/shaders/registry.js';
import { familiesOf } from '../../web/pages/race/inWorker/families.js';
import { browserOf } from '../../web/pages/race/inWorker/userAgent.js';
import { FAMILIES, plotOf, tickWords } from '../../web/pages/race/rooflinePlot.js';
import { ROW } from '../bench/document/documents.js';

const PEAKS = { gflops: 100, gbs: 10 };
const SIZE = { width: 400, height: 300 };

describe('a roofline', () => {
  it('has dots within its axes, from left to right, the longest largest, and the two ceilings', () => {
    const quick = { ...ROW, op: 'pool.maxForward', flops: 1e5, bytes: 1e5, gflops: 2, ms: 0.1, count: 1 };
    const plot = plotOf([ROW, quick], PEAKS, SIZE);
    const { dots, box, x, y, xDomain } = plot;
    expect(dots.map(({ row }) => row)).toEqual([quick, ROW]);
    expect(dots.map(({ family }) => FAMILIES[family])).toEqual(['other', 'convolution forward']);
    expect(dots[1].r).toBe(10);
    expect(dots[0].r).toBeLessThan(dots[1].r);
    for (const { cx, cy } of dots) {
      expect(cx).toBeGreaterThan(box.left);
      expect(cx).toBeLessThan(box.right);
      expect(cy).toBeGreaterThan(box.top);
      expect(cy).toBeLessThan(box.bottom);
    }
    // Logarithmic: ten times as much is as far, wherever it begins.
    expect(x(100) - x(10)).toBeCloseTo(x(10) - x(1), 9);
    expect(y(1) - y(10)).toBeCloseTo(y(10) - y(100), 9);
    expect(x(xDomain[0])).toBeCloseTo(box.left, 9);
    expect(y(PEAKS.gflops)).toBeGreaterThan(box.top);
    expect(plot.xTicks).toEqual([1, 10, 100].map((tick) => expect.closeTo(tick, 9)));
  });

  it('leaves out what has no place on logarithmic axes, and stands without any dot', () => {
    const still = [
      { ...ROW, flops: 0, gflops: 0 },
      { ...ROW, gflops: 0 },
      { ...ROW, bytes: 0 },
    ];
    const { dots, x, y } = plotOf(still, PEAKS, SIZE);
    expect(dots).toEqual([]);
    expect([x(10), y(10)].every(Number.isFinite)).toBe(true);
  });

  it('has ticks in plain numbers', () => {
    expect([0.001, 1, 10_000].map(tickWords)).toEqual(['0.001', '1', '10,000']);
  });
});

describe('the kernels to choose from', () => {
  it('are all of the registry, each once', () => {
    const families = familiesOf(ALL_OPS);
    expect(families.flatMap(({ ops }) => ops).sort()).toEqual([...ALL_OPS].sort());
    const find = (direction: string, name: string) =>
      families.find((family) => family.direction === direction && family.name === name)?.ops;
    expect(find('forward', 'convolutions')).toEqual(['conv.forward']);
    expect(find('backward', 'convolutions')).toEqual(['conv.backwardData', 'conv.backwardWeights']);
    expect(find('other', 'adam')).toEqual(['adam.step']);
  });
});

describe('the browser', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.1.2 Safari/537.36',
      'Chrome 153.0.1.2',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0.9',
      'Edge 141.0.9',
    ],
    [
      'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
      'Safari 26.1',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox 145.0'],
    ['something new', 'something new'],
  ])('%.30s is called by its name', (userAgent, name) => {
    expect(browserOf(userAgent)).toBe(name);
  });
});
