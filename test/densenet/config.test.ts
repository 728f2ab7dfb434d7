import { describe, expect, it } from 'vitest';
import { countParameters, layerTable, outputShapes } from '../../src/densenet/architecture.js';
import {
  checkedConfig,
  DENSENET_NAMES,
  type DenseNetConfig,
  densenetConfig,
  TOY_SIZE,
  XRAY_NETWORKS,
} from '../../src/densenet/config.js';

describe('a configuration', () => {
  it.each([
    [{ blocks: [] }, /blocks are/],
    [{ blocks: [6, 0] }, /blocks are \[6, 0\]/],
    [{ classes: 0 }, /classes is 0/],
    [{ compression: 1.5 }, /compression is 1.5/],
    [{ bottleneck: -1 }, /bottleneck is -1/],
    [{ stem: 'vgg' as 'cifar' }, /stem is 'vgg', it must be imagenet or cifar/],
    [{ norms: 'block' as const }, /norms 'block' with stem 'imagenet' and bottleneck 4 is not built/],
    [{ activation: 'relu' as 'sigmoid' }, /activation is 'relu'/],
  ])('refuses %j', (overrides, message) => {
    expect(() => densenetConfig('densenet121', overrides)).toThrow(message);
  });

  it('refuses a name it does not know', () => {
    expect(() => densenetConfig('densenet99' as 'densenet121')).toThrow(
      /densenet121, densenet169, densenet201/,
    );
  });

  it('has the fields that are given, and cannot be changed afterwards', () => {
    const blocks = [2, 3];
    const config = densenetConfig('densenet169', { blocks, classes: undefined });
    blocks.push(4);
    expect(config).toMatchObject({ name: 'densenet169', blocks: [2, 3], classes: 14, growthRate: 32 });
    expect(() => Object.assign(config, { classes: 2 })).toThrow(TypeError);
    expect(() => (config.blocks as number[]).push(1)).toThrow(TypeError);
  });

  it('names a field that is none, and the one that was meant', () => {
    const wrong = { ...densenetConfig('densenet121'), growth_rate: 12 };
    expect(() => checkedConfig(wrong)).toThrow(/no field 'growth_rate'\. It is spelt growthRate\./);
  });

  it('keeps a channel behind every block', () => {
    const thin = { blocks: [1, 1], growthRate: 1, stemChannels: 1, compression: 0.3 };
    expect(() => densenetConfig('densenet121', thin)).toThrow(/leaves no channel behind block 1/);
    expect(() => densenetConfig('densenet121', { compression: 0 })).toThrow(/must keep something/);
  });

  it('for X-rays has the stem of ImageNet', () => {
    expect(DENSENET_NAMES).toEqual(['densenet121', 'densenet169', 'densenet201']);
    expect(XRAY_NETWORKS).toEqual([...DENSENET_NAMES, 'toy']);
  });

  it('of the toy is small enough to show every number', () => {
    const toy = densenetConfig('toy');
    expect(countParameters(toy)).toEqual({ total: 1436, trainable: 1316, nonTrainable: 120 });
    const sides = [...outputShapes(toy, TOY_SIZE).values()].map(({ height }) => height);
    expect([...new Set(sides)]).toEqual([16, 22, 8, 10, 4, 1]);
    // Every kind of layer that DenseNet121 has, but the average pool of its transitions.
    const kinds = (config: DenseNetConfig) => new Set(layerTable(config).map(({ kind }) => kind));
    expect([...kinds(densenetConfig('densenet121'))].filter((kind) => !kinds(toy).has(kind))).toEqual([
      'avgpool',
    ]);
  });
});
