/** Networks told by the shapes of their convolutions. */
import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { type DenseNetConfig, densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import { checkedConfig } from '../../../src/densenet/config.js';
import { layoutOf } from '../../../src/densenet/weights/layout.js';
import { type FoundLayers, namesFit, recogniseNetwork } from '../../../src/densenet/weights/recognise.js';

const ASKED = densenetConfig('densenet121', { bnEpsilon: 1e-4, classes: 5 });
const own = (fields: Partial<DenseNetConfig>): DenseNetConfig => ({
  ...densenetConfig('densenet121'),
  name: 'own',
  ...fields,
});
const cifar = { stem: 'cifar', bottleneck: 0 } as const;

/** Every tensor, whatever the ends are. */
const shapesOf = (config: DenseNetConfig) =>
  parameterTable({ ...config, classes: 14, inputChannels: 3 }).map(({ key, shape }) => [key, shape]);

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
    ['a compression on an edge', { blocks: [2, 3, 3], bottleneck: 1, compression: 0.823, stemChannels: 2 }],
    ['no compression', { blocks: [1, 1, 1, 1, 1], growthRate: 3, compression: 1 }],
    ['other bottlenecks', { blocks: [12, 11], growthRate: 7, bottleneck: 2 }],
    ['no bottlenecks', { blocks: [2, 2], bottleneck: 0 }],
    ['the stem of CIFAR', { blocks: [2, 2], stem: 'cifar' }],
    ['that without bottlenecks', { blocks: [2, 3], ...cifar }],
    ['a norm per block', { blocks: [2, 3], ...cifar, norms: 'block' }],
  ])('%s: every layer has its shapes', (_, fields) => {
    const config = own(fields);
    const told = recogniseNetwork(found(config), ASKED)!;
    expect(shapesOf(told)).toEqual(shapesOf(config));
    expect(told.name).toBe(`densenet-${config.blocks.join('-')}-k${config.growthRate}`);
    expect(told.bnEpsilon).toBe(1e-4);
    if (fields.compression === 1 || fields.compression === undefined)
      expect(layoutOf(told)).toEqual(layoutOf(config));
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
    ['by half a layer', { ...good, kernels: good.kernels.slice(0, 2) }],
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

it('of 300 drawn networks all are told, and of damaged ones nothing but networks', () => {
  const random = new MT19937(7);
  const below = (n: number) => Math.floor(random.uniform(0, n));
  let told = 0;
  while (told < 300) {
    const norms = below(4) === 0 ? ({ ...cifar, norms: 'block' } as const) : {};
    const fields: Partial<DenseNetConfig> = {
      blocks: Array.from({ length: 1 + below(5) }, () => 1 + below(4)),
      growthRate: 1 + below(40),
      bottleneck: below(5),
      compression: (1 + below(1000)) / 1000,
      stemChannels: 1 + below(70),
      ...norms,
    };
    const config = own(fields);
    if (!canBe(config)) continue;
    told++;
    const layers = found(config);
    expect(shapesOf(recogniseNetwork(layers, ASKED)!), JSON.stringify(fields)).toEqual(shapesOf(config));
    const at = below(layers.kernels.length);
    const lacks = recogniseNetwork({ ...layers, kernels: layers.kernels.toSpliced(at, 1) }, ASKED);
    const shape = layers.kernels[at].shape.map((extent) => extent + below(2));
    const kernels = layers.kernels.with(at, { ...layers.kernels[at], shape });
    const differs = recogniseNetwork({ ...layers, kernels }, ASKED);
    for (const network of [lacks, differs]) if (network) expect(canBe(network)).toBe(true);
  }
});

/** A compression may leave no channel. */
function canBe(config: DenseNetConfig): boolean {
  try {
    checkedConfig(config);
    return true;
  } catch {
    return false;
  }
}

it('names at the beginning of a file speak for a network, against it, or are not there', () => {
  const names = ({ blocks }: Pick<DenseNetConfig, 'blocks'>) => {
    const layers = blocks.flatMap((count, i) =>
      Array.from({ length: count }, (_, j) => `conv${i + 2}_block${j + 1}_0_bn`),
    );
    return new TextEncoder().encode(`\x89HDF ${layers.join('\0')}`);
  };
  const [smaller, larger] = [densenetConfig('densenet121'), densenetConfig('densenet169')];
  for (const one of [smaller, larger]) {
    for (const other of [smaller, larger]) expect(namesFit(one, names(other))).toBe(one === other);
    expect(namesFit(one, names({ blocks: [] }))).toBe(true);
  }
  const behind = new Uint8Array(2 ** 20 + 10_000);
  behind.set(names(larger), 2 ** 20);
  expect(namesFit(smaller, behind)).toBe(true);
});
