/** Networks told by the shapes of their convolutions. */
import { describe, expect, it } from 'vitest';
import { type DenseNetConfig, densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import { layoutOf } from '../../../src/densenet/weights/layout.js';
import { type FoundLayers, recogniseNetwork } from '../../../src/densenet/weights/recognise.js';

const ASKED = densenetConfig('densenet121', { bnEpsilon: 1e-4, classes: 5 });
const own = (fields: Partial<DenseNetConfig>): DenseNetConfig => ({
  ...densenetConfig('densenet121'),
  name: 'own',
  ...fields,
});
const cifar = { stem: 'cifar', bottleneck: 0 } as const;

/** What a file of the network tells. */
function found(config: DenseNetConfig, rename = (name: string) => name.replaceAll('/', '_')): FoundLayers {
  const table = parameterTable(config);
  const norms = table.filter(({ tensor }) => tensor === 'gamma');
  return {
    kernels: table
      .filter(({ shape }) => shape.length === 4)
      .map(({ layer, shape }) => ({ name: rename(layer), shape })),
    norms: norms.length,
    features: norms.at(-1)!.size,
  };
}

describe('a network is told', () => {
  it.each(['densenet121', 'densenet169', 'densenet201'] as const)('%s, by its name', (name) => {
    const told = recogniseNetwork(found(densenetConfig(name)), ASKED);
    expect(told).toEqual(densenetConfig(name, { bnEpsilon: 1e-4, classes: 5 }));
  });

  it.each<[string, Partial<DenseNetConfig>]>([
    ['small', { blocks: [2, 3], growthRate: 8, stemChannels: 10 }],
    ['one block, which says nothing of compression', { blocks: [4], growthRate: 12 }],
    ['a compression of three digits', { blocks: [3, 2, 5], growthRate: 40, compression: 0.317 }],
    ['no compression', { blocks: [1, 1, 1, 1, 1], growthRate: 3, compression: 1 }],
    ['other bottlenecks', { blocks: [12, 11], growthRate: 7, bottleneck: 2 }],
    ['no bottlenecks', { blocks: [2, 2], bottleneck: 0 }],
    ['the stem of CIFAR', { blocks: [2, 2], stem: 'cifar' }],
    ['that without bottlenecks', { blocks: [2, 3], ...cifar }],
    ['a norm per block', { blocks: [2, 3], ...cifar, norms: 'block' }],
  ])('%s: every layer has its shapes', (_, fields) => {
    const config = own(fields);
    const told = recogniseNetwork(found(config), ASKED)!;
    const shapes = (of: DenseNetConfig) => parameterTable(of).map(({ key, shape }) => [key, shape]);
    expect(shapes({ ...told, classes: 14 })).toEqual(shapes(config));
    expect(told.name).toBe(`densenet-${config.blocks.join('-')}-k${config.growthRate}`);
    expect(told.bnEpsilon).toBe(1e-4);
    if (fields.compression !== 0.317) expect(layoutOf(told)).toEqual(layoutOf(config));
  });

  it('by names where there are any, whatever the order', () => {
    const { kernels, ...rest } = found(own({ blocks: [11, 2], growthRate: 8 }));
    const sorted = kernels.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const more = [{ name: 'conv2d_of_a_head', shape: [1, 1, 3, 3] }, ...sorted];
    expect(recogniseNetwork({ kernels: more, ...rest }, ASKED)).toMatchObject({ blocks: [11, 2] });
  });

  it('by the order where no name tells a layer', () => {
    let count = 0;
    const numbered = found(densenetConfig('densenet169'), () => `conv2d_${count++}`);
    expect(recogniseNetwork(numbered, ASKED)?.name).toBe('densenet169');
  });

  it('as it was asked for, name and all, where it is that one', () => {
    const config = own({ blocks: [2, 2], growthRate: 8, compression: 0.51 });
    expect(recogniseNetwork(found(config), config)).toBe(config);
  });
});

describe('no network is told', () => {
  const good = found(own({ blocks: [2, 2], growthRate: 8 }));
  const changed = (index: number, shape: number[] | null) => ({
    ...good,
    kernels: good.kernels.flatMap((kernel, i) =>
      i !== index ? [kernel] : shape ? [{ ...kernel, shape }] : [],
    ),
  });

  it.each<[string, FoundLayers]>([
    ['by nothing', { kernels: [], norms: 0, features: undefined }],
    ['by a stem alone', { ...good, kernels: good.kernels.slice(0, 1) }],
    ['by another stem', changed(0, [5, 5, 3, 64])],
    ['with a hole', changed(3, null)],
    ['with a kernel of other channels', changed(3, [1, 1, 80, 32])],
    ['with channels lost behind it', { ...good, features: 40 }],
    [
      'with a transition behind the last block',
      { ...good, kernels: [...good.kernels, { name: 'pool3_conv', shape: [1, 1, 56, 28] }] },
    ],
    ['with more channels behind a transition', changed(5, [1, 1, 80, 81])],
    ['with half a bottleneck', found(own({ blocks: [2], growthRate: 8, bottleneck: 1.5 }))],
    ['with kernels of nothing', changed(2, [3, 3, 32, 0])],
    ['that reads its pixels in another way', found(densenetConfig('densenet40-12'))],
  ])('%s', (_, layers) => {
    expect(recogniseNetwork(layers, ASKED)).toBeNull();
  });
});
