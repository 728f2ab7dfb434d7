/** Every pipeline that a plan may have is run by a small case with its very constants, whatever the adapter. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DenseNetConfig, densenetConfig } from '../../src/densenet/architecture.js';
import { densenetNetwork } from '../../src/densenet/network.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { Choice } from '../../src/engine/plan/choice.js';
import { PlanBuilder, type ShapeClass } from '../../src/engine/plan/plan.js';
import { denseTensor, elements, type Tensor } from '../../src/engine/plan/tensor.js';
import { Parameters } from '../../src/training/model/parameters.js';
import { SmallCases } from '../../src/verify/smallCases.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const paper = (label: string, shape: Tensor['shape']) =>
  denseTensor({ label, bytes: 4 * elements(shape), buffer: null, byteOffset: 0 }, shape);

/** Takes the nth choice of each operation where it has so many: as a tuner might. */
class Nth extends PlanBuilder {
  constructor(
    gpu: Gpu,
    private readonly n: number,
  ) {
    super(gpu, 'plan');
  }

  override choose<V extends string>(shape: ShapeClass<V>): Choice<V> {
    const timed = shape.choices.filter(({ untimed }) => !untimed);
    const choices = timed.slice(Math.min(this.n, timed.length - 1));
    return super.choose({ ...shape, choices });
  }
}

interface Work {
  batch: number;
  size: number;
  config?: Partial<DenseNetConfig>;
  choice?: number;
}

/** The pipelines of a prediction and of a training that no small case has. */
function uncovered(
  cases: SmallCases,
  of: Gpu,
  { batch, size, config: changes = {}, choice = 0 }: Work,
): string[] {
  const network = densenetNetwork(densenetConfig('densenet121', changes));
  const parameters = new Parameters(of, network);
  const image = paper('image', [batch, size, size, network.inputChannels]);
  try {
    return (['predict', 'train'] as const).flatMap((kind) => {
      const plan = new Nth(of, choice);
      const affine = () => paper('affine', [1, 1, 2, 1024]);
      const mode =
        kind === 'train'
          ? ({ kind: 'training', rule: 'keras3' } as const)
          : ({ kind: 'inference', affine } as const);
      const forward = network.record(plan, parameters, image, mode);
      if (kind === 'train') {
        forward.recordBackward(paper('dlogits', forward.logits.shape));
      }
      const pipelines = new Map(
        plan.soFar.dispatches.map((d) => [`${d.kernel.name} ${JSON.stringify(d.constants ?? {})}`, d]),
      );
      expect(pipelines.size).toBeGreaterThan(5);
      return [...pipelines]
        .filter(([, { kernel, constants = {} }]) => cases.exact(plan, kernel, constants).length === 0)
        .map(([name]) => `${kind}: ${name}`);
    });
  } finally {
    parameters.dispose();
  }
}

const WORKS: readonly Work[] = [
  { batch: 1, size: 32 },
  { batch: 4, size: 64 },
  { batch: 1, size: 320 },
  { batch: 8, size: 320 },
  { batch: 4, size: 512 },
  { batch: 3, size: 96, config: { inputChannels: 1 } },
  { batch: 2, size: 64, config: { blocks: [2, 3], growthRate: 12, bottleneck: 0, stem: 'cifar' } },
  { batch: 2, size: 64, config: { blocks: [2, 2], norms: 'block', bottleneck: 0, stem: 'cifar' } },
];

describe('each pipeline of a plan has a small case with its constants', () => {
  it('on this adapter', () => {
    const cases = new SmallCases(gpu);
    for (const work of WORKS) expect(uncovered(cases, gpu, work), JSON.stringify(work)).toEqual([]);
  });

  it('with every choice of every shape', () => {
    const cases = new SmallCases(gpu);
    for (let choice = 1; choice < 12; choice++) {
      expect(uncovered(cases, gpu, { batch: 2, size: 224, choice }), `choice ${choice}`).toEqual([]);
    }
  });

  it('where there are no subgroups', () => {
    const without = Object.create(gpu, { info: { value: { ...gpu.info, subgroupMinSize: 0 } } }) as Gpu;
    const cases = new SmallCases(without);
    for (const work of WORKS) expect(uncovered(cases, without, work), JSON.stringify(work)).toEqual([]);
  });

  it('on a hardware GPU, untuned', () => {
    const hardware = Object.create(gpu, { info: { value: { ...gpu.info, kind: 'hardware' } } }) as Gpu;
    const cases = new SmallCases(hardware);
    for (const work of WORKS) expect(uncovered(cases, hardware, work), JSON.stringify(work)).toEqual([]);
  });

  it('on a hardware GPU, tuned in any way', () => {
    const hardware = Object.create(gpu, { info: { value: { ...gpu.info, kind: 'hardware' } } }) as Gpu;
    const cases = new SmallCases(hardware);
    for (let choice = 1; choice < 20; choice++) {
      for (const size of choice % 3 ? [64] : [64, 224]) {
        expect(uncovered(cases, hardware, { batch: 4, size, choice }), `choice ${choice}`).toEqual([]);
      }
    }
  });
});
