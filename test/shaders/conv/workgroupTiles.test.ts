/** Every tile of the kernels that go through workgroup memory, as a hardware adapter would choose among them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOLERANCE } from '../../../src/core/tolerance.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Choice } from '../../../src/engine/plan/choice.js';
import type { Kernel } from '../../../src/engine/plan/kernel.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { channelSlice, denseTensor, elements, imageSlice } from '../../../src/engine/plan/tensor.js';
import { Lab, type Verdict } from '../../../src/lab/checkUserKernel.js';
import { geometriesOf } from '../../../src/lab/geometry.js';
import { backwardApply, prepareTraining } from '../../../src/shaders/batchnorm/batchnorm.js';
import * as batchnorm from '../../../src/shaders/batchnorm/batchnorm.reference.js';
import type { CheckCase, Dense, Shape } from '../../../src/shaders/checkCase.js';
import {
  BACKWARD_DATA,
  BACKWARD_WEIGHTS,
  type ConvShape,
  convBackwardThroughNorm,
  convBackwardWeights,
  convBackwardWeightsOfLayers,
  convForward,
  FORWARD,
} from '../../../src/shaders/conv/conv.js';
import * as reference from '../../../src/shaders/conv/conv.reference.js';
import { workgroupChoices } from '../../../src/shaders/conv/workgroupTiles.js';

let software: Gpu;
/** The same device, with the choices that a hardware adapter has. */
let gpu: Gpu;
beforeAll(async () => {
  software = (await openNodeGpu()).gpu;
  gpu = Object.create(software, { info: { value: { ...software.info, kind: 'hardware' } } });
});
afterAll(() => software.dispose());

const GROWTH: ConvShape = { kernel: 3, stride: 1, pad: 1 };
/** More pixels and channels than the largest tile takes half of, several steps, nothing a whole number of times. */
const WIDE: Shape = [2, 9, 11, 72];
const NARROW: Shape = [2, 9, 11, 36];
const EPSILON = 1.001e-5;

const inputs = {
  x: { shape: NARROW, role: 'input' },
  affine: { shape: [1, 1, 1, 72], role: 'input' },
} as const;
const vectors: Shape = [1, 1, 2, 72];

const forward: CheckCase = {
  op: 'conv.forward',
  title: 'with statistics',
  variants: ['workgroup'],
  tensors: {
    ...inputs,
    weights: { shape: [3, 3, 36, 72], role: 'input' },
    y: { shape: WIDE, role: 'output', within: { channels: 80, from: 4 } },
    gammaBeta: { shape: vectors, role: 'input' },
    moving: { shape: vectors, role: 'inout' },
    stats: { shape: vectors, role: 'output' },
    affineBehind: { shape: vectors, role: 'output' },
  },
  record: (plan, { x, affine, weights, y, gammaBeta, moving, stats, affineBehind }) => {
    const fresh = convForward(plan, 'check', { x, affine, weights, y }, GROWTH, { statistics: true });
    expect(fresh, 'statistics by the convolution').toBeDefined();
    const settings = { n: 2 * 9 * 11, epsilon: EPSILON, momentum: 1, rule: 'keras3' } as const;
    prepareTraining(plan, 'check', { fresh, stats, gammaBeta, moving, affine: affineBehind }, settings);
  },
  reference: ({ x, affine, weights, gammaBeta, moving }) => {
    const y = reference.convForward(x, weights, WIDE, GROWTH, affine);
    const stats = batchnorm.batchStatistics(y);
    return { y, stats, affineBehind: batchnorm.affineOf(stats, gammaBeta, EPSILON), moving };
  },
  tolerance: TOLERANCE.f32LongSum,
};

const backwardData: CheckCase = {
  op: 'conv.backwardData',
  title: 'through batch norm',
  variants: ['workgroup'],
  tensors: {
    dy: { shape: NARROW, role: 'input', within: { channels: 40, from: 4 } },
    weights: { shape: [3, 3, 72, 36], role: 'input' },
    x: { shape: WIDE, role: 'input' },
    affine: { shape: vectors, role: 'input' },
    stats: { shape: vectors, role: 'input', fill: (random) => 0.5 + random() },
    dx: { shape: WIDE, role: 'output' },
    dgammaBeta: { shape: vectors, role: 'output' },
    end: { shape: WIDE, role: 'output' },
  },
  record: (plan, { dy, weights, x, affine, stats, dx, dgammaBeta, end }) => {
    const norm = { x, affine, stats };
    const options = { mode: 'gradient', epsilon: EPSILON } as const;
    const parts = convBackwardThroughNorm(plan, 'check', { dy, weights, norm, dx }, GROWTH, options);
    backwardApply(plan, 'check', { ...norm, dz: dx, parts, dgammaBeta, dx: end }, options);
  },
  reference: ({ dy, weights, x, affine, stats }) => {
    const norm = { x, affine, stats, epsilon: EPSILON };
    const dx = batchnorm.reluBackward(norm, reference.convBackwardData(dy, weights, WIDE, GROWTH));
    const dgammaBeta = batchnorm.sums(norm, dx);
    return { dx, dgammaBeta, end: batchnorm.backwardApply(norm, dx, dgammaBeta) };
  },
  tolerance: TOLERANCE.f32LongSum,
};

const backwardWeights: CheckCase = {
  op: 'conv.backwardWeights',
  title: '',
  variants: ['workgroup'],
  tensors: {
    ...inputs,
    dy: { shape: WIDE, role: 'input' },
    dw: { shape: [3, 3, 36, 72], role: 'output' },
  },
  record: (plan, { x, affine, dy, dw }) => convBackwardWeights(plan, 'check', { x, affine, dy, dw }, GROWTH),
  reference: ({ x, affine, dy }) => ({
    dw: reference.convBackwardWeights(x, dy, [3, 3, 36, 72], GROWTH, affine),
  }),
};

/** @param names of the choices that were checked are added here */
async function checkAll(check: CheckCase, kernel: Kernel, names: string[], distinct = true): Promise<void> {
  const lab = new Lab(gpu);
  const seen = new Set<string>();
  for (const geometry of geometriesOf(gpu, check, { kernel, tile: {} })) {
    const { TILE_K, ROWS, COLUMNS4 } = geometry.constants;
    const inner = `${TILE_K} ${ROWS} ${COLUMNS4}`;
    if (distinct && seen.has(inner)) continue;
    seen.add(inner);
    const verdict = await lab.check(check, { name: geometry.choice, replaces: kernel, geometry });
    expect(verdict.ok, `${geometry.choice} ${describeVerdict(verdict)}`).toBe(true);
    names.push(geometry.choice);
  }
}

const describeVerdict = ({ error, tensors }: Verdict) =>
  error ??
  JSON.stringify(tensors.map(({ tensor, off, worst, spilled }) => ({ tensor, off, worst, spilled })));

describe('convolutions through workgroup memory', () => {
  it('forward, with statistics: every kind of tile', async () => {
    const names: string[] = [];
    await checkAll(forward, FORWARD.workgroup, names);
    expect(names.length).toBeGreaterThan(2);
  });

  it('backward: every kind of tile', async () => {
    const names: string[] = [];
    await checkAll(backwardData, BACKWARD_DATA.workgroup, names);
    await checkAll(backwardWeights, BACKWARD_WEIGHTS.workgroup, names);
    expect(names.length).toBe(8);
  });

  it('gives the gradients of several layers in one dispatch, cut into slices', async () => {
    const [side, c, layers] = [10, 8, [0, 1, 2]];
    const map: Shape = [1, side, side, c];
    const kernel: Shape = [1, 1, c, c];
    const check: CheckCase = {
      op: 'conv.backwardWeights',
      title: 'three layers',
      variants: ['workgroup'],
      tensors: {
        x: { shape: [3, side, side, c], role: 'input' },
        dy: { shape: [1, side, side, 3 * c], role: 'input' },
        affine: { shape: [3, 1, 2, c], role: 'input' },
        dw: { shape: [3, 1, c, c], role: 'output' },
      },
      record: (plan, { x, dy, affine, dw }) => {
        const of = (l: number) => ({
          x: imageSlice(x, l, 1),
          dy: channelSlice(dy, l * c, c),
          affine: imageSlice(affine, l, 1),
          dw: { ...imageSlice(dw, l, 1), shape: kernel },
        });
        convBackwardWeightsOfLayers(plan, 'check', layers.map(of), { kernel: 1, stride: 1, pad: 0 });
      },
      reference: ({ x, dy, affine }) => {
        const cut = (t: Dense, l: number, shape: Shape): Dense => ({
          shape,
          data: t.data.slice(l * elements(shape), (l + 1) * elements(shape)),
        });
        const data = layers.flatMap((l) => {
          const own = dy.data.filter((_, i) => Math.floor((i % (3 * c)) / c) === l);
          const norm = cut(affine, l, [1, 1, 1, 2 * c]);
          const shape = { kernel: 1, stride: 1, pad: 0 };
          return [
            ...reference.convBackwardWeights(cut(x, l, map), { shape: map, data: own }, kernel, shape, norm)
              .data,
          ];
        });
        return { dw: { shape: [3, 1, c, c], data: Float64Array.from(data) } };
      },
    };
    const [geometry] = geometriesOf(gpu, check, { kernel: BACKWARD_WEIGHTS.workgroup, tile: {} });
    expect(geometry.workgroups[2]).toBe(2 * layers.length);
    const runner = { name: 'layers', replaces: BACKWARD_WEIGHTS.workgroup, geometry };
    const verdict = await new Lab(gpu).check(check, runner);
    expect(verdict.ok, describeVerdict(verdict)).toBe(true);
  });
});

describe('their place among the choices', () => {
  const shape = (choices: readonly Choice[]) => choices.map(({ variant }) => variant);
  const tensors = () => {
    const paper = (label: string, s: Shape) =>
      denseTensor({ label, bytes: 4 * elements(s), buffer: null, byteOffset: 0 }, s);
    return { x: paper('x', NARROW), weights: paper('weights', [3, 3, 36, 72]), y: paper('y', WIDE) };
  };
  const recorded = (of: Gpu) => {
    const plan = new PlanBuilder(of, 'places');
    convForward(plan, 'conv', tensors(), GROWTH);
    return [...plan.untuned.values()][0];
  };

  it('comes first on hardware, and the tuner measures it', () => {
    expect(shape(recorded(gpu).choices)[0]).toBe('workgroup');
  });

  it('comes last before naive in software, and the tuner leaves it out', () => {
    expect(shape(recorded(software).choices)).not.toContain('workgroup');
    const tiles = workgroupChoices(software, 1000, 128);
    expect(tiles.map(({ untimed }) => untimed)).toEqual([true]);
  });

  it('fits the smallest limits of WebGPU, and fills a small map with small tiles', () => {
    const choices = workgroupChoices(gpu, 100_000, 128);
    const bytes = choices.map(({ tile: t }) => 4 * t.TILE_K * (t.TILE_M + t.TILE_N));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(16384);
    expect(choices[0].tile.TILE_M * choices[0].tile.TILE_N).toBe(128 * 128);
    const small = workgroupChoices(gpu, 49, 32)[0].tile;
    expect(small.TILE_M * small.TILE_N).toBe(32 * 32);
  });
});
