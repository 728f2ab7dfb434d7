/** Every pipeline that a plan may have is run by a small case with its very constants, whatever the adapter. */
import { describe, expect, it } from 'vitest';
import { type DenseNetConfig, densenetConfig } from '../../src/densenet/architecture.js';
import { densenetNetwork } from '../../src/densenet/network.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { choiceName } from '../../src/engine/plan/choice.js';
import { PlanBuilder, type UntunedClass } from '../../src/engine/plan/plan.js';
import { paperTensor } from '../../src/engine/plan/tensor.js';
import { TuningTable } from '../../src/engine/tuning/tuningTable.js';
import * as kernels from '../../src/shaders/trainingKernels.js';
import { Parameters } from '../../src/training/model/parameters.js';
import { SmallCases } from '../../src/verify/smallCases.js';
import { testGpu } from '../support/gpu/testGpu.js';

const gpu = await testGpu();

/** A table in which the nth choice of each class is the best, where it has so many: as a tuner might find. */
function nthBest(classes: Iterable<UntunedClass>, n: number): TuningTable {
  return new TuningTable(
    [...classes].map(({ op, key, choices }) => ({
      op,
      key,
      choice: choiceName(choices[Math.min(n, choices.length - 1)]),
      ms: 1,
    })),
  );
}

const KINDS = ['predict', 'train', 'train frozen norms'] as const;

interface Work {
  batch: number;
  size: number;
  config?: Partial<DenseNetConfig>;
  choice?: number;
}

/**
 * The pipelines of a prediction and of a training that no small case has.
 * @param classes of the works that were asked about before on this adapter, by their names
 */
function uncovered(
  cases: SmallCases,
  of: Gpu,
  { batch, size, config: changes = {}, choice = 0 }: Work,
  classes = new Map<string, UntunedClass[]>(),
): string[] {
  const network = densenetNetwork(densenetConfig('densenet121', changes));
  const parameters = new Parameters(of, network);
  const image = paperTensor('image', [batch, size, size, network.inputChannels]);
  const layers = new Set(network.batchNorms.map(({ name }) => name));
  const recorded = (kind: (typeof KINDS)[number], tuning: Gpu['tuning']) => {
    const plan = new PlanBuilder(Object.create(of, { tuning: { value: tuning } }) as Gpu, kind);
    const affine = () => paperTensor('affine', [1, 1, 2, 1024]);
    const frozen = kind === 'train frozen norms' ? ({ layers, norms: 'inference' } as const) : undefined;
    const mode =
      kind === 'predict'
        ? ({ kind: 'inference', affine } as const)
        : ({ kind: 'training', kernels, rule: 'keras3', frozen } as const);
    const forward = network.record(plan, parameters, image, mode);
    if (kind !== 'predict') forward.recordBackward(paperTensor('dlogits', forward.logits.shape));
    return plan;
  };
  try {
    return KINDS.flatMap((kind) => {
      const key = `${kind} ${batch} ${size} ${JSON.stringify(changes)}`;
      if (choice > 0 && !classes.has(key)) classes.set(key, [...recorded(kind, null).untuned.values()]);
      const plan = recorded(kind, choice > 0 ? nthBest(classes.get(key)!, choice) : null);
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
    const classes = new Map<string, UntunedClass[]>();
    for (let choice = 1; choice < 12; choice++) {
      const work = { batch: 2, size: 224, choice };
      expect(uncovered(cases, gpu, work, classes), `choice ${choice}`).toEqual([]);
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
    const classes = new Map<string, UntunedClass[]>();
    for (let choice = 1; choice < 20; choice++) {
      for (const size of choice % 3 ? [64] : [64, 224]) {
        const work = { batch: 4, size, choice };
        expect(uncovered(cases, hardware, work, classes), `choice ${choice}`).toEqual([]);
      }
    }
  });
});
