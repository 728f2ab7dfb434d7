import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import {
  checkImageSize,
  countParameters,
  DENSENET_NAMES,
  densenetConfig,
  HEAD_LAYER,
  layerMacs,
  layerTable,
  NETWORK_NAMES,
  outputShapes,
  parameterTable,
  sizeMultiple,
} from '../../src/densenet/architecture.js';

const d121 = densenetConfig('densenet121');
const data = process.env.CHEXGPU_DATA;

describe('DenseNet121 table', () => {
  const layers = layerTable(d121);

  it("has Keras' 429 layers: 120 convolutions, 121 batch norms, 606 tensors", () => {
    expect(layers).toHaveLength(429);
    const count = (kind: string) => layers.filter((l) => l.kind === kind).length;
    expect([count('conv'), count('batchnorm'), count('concat'), count('avgpool')]).toEqual([120, 121, 58, 3]);
    const parameters = parameterTable(d121);
    expect(parameters).toHaveLength(606);
    expect(parameters.filter((p) => p.trainable)).toHaveLength(364);
    expect(new Set(parameters.map((p) => p.layer)).size).toBe(242);
    expect(new Set(parameters.map((p) => p.key)).size).toBe(606);
  });

  it('has 7,051,854 parameters, 83,648 of them moving averages', () => {
    expect(countParameters(d121)).toEqual({ total: 7_051_854, trainable: 6_968_206, nonTrainable: 83_648 });
    const base = parameterTable(d121).filter((p) => p.layer !== HEAD_LAYER);
    expect(base.reduce((sum, p) => sum + p.size, 0)).toBe(7_037_504);
  });

  it('reads only layers that come before, and cin is what those make', () => {
    const seen = new Map<string, number>();
    for (const layer of layers) {
      expect(layer.inputs).toHaveLength(layer.kind === 'input' ? 0 : layer.kind === 'concat' ? 2 : 1);
      for (const name of layer.inputs) expect(seen.has(name), `${layer.name} reads ${name}`).toBe(true);
      if (layer.inputs.length > 0) expect(layer.cin, layer.name).toBe(seen.get(layer.inputs[0]));
      if (layer.kind === 'concat') expect(layer.cout).toBe(layer.cin + (seen.get(layer.inputs[1]) ?? NaN));
      seen.set(layer.name, layer.cout);
    }
  });

  it('says where each layer stands', () => {
    const at = (name: string) => layers.find((l) => l.name === name);
    expect(at('conv1/conv')).toMatchObject({
      section: 'stem',
      stage: 1,
      block: 0,
      cin: 3,
      cout: 64,
      stride: 2,
    });
    expect(at('conv4_block24_2_conv')).toMatchObject({
      section: 'dense',
      stage: 4,
      block: 24,
      cin: 128,
      cout: 32,
      kernel: 3,
      pad: 1,
    });
    expect(at('conv4_block24_0_bn')).toMatchObject({ cin: 256 + 32 * 23 });
    expect(at('conv4_block24_concat')?.inputs).toEqual(['conv4_block23_concat', 'conv4_block24_2_conv']);
    expect(at('pool3_conv')).toMatchObject({ section: 'transition', stage: 3, cin: 512, cout: 256 });
    expect(at('dense_1')).toMatchObject({ section: 'head', stage: 6, cin: 1024, cout: 14 });
  });

  it.each([
    [320, [320, 326, 160, 162, 80, 80, 40, 20, 10], 5_781_927_936],
    [224, [224, 230, 112, 114, 56, 56, 28, 14, 7], 2_833_152_000],
  ])('shapes and multiply-accumulates at %i px', (size, chain, total) => {
    const shapes = outputShapes(d121, size);
    const names = ['input_1', 'zero_padding2d_1', 'conv1/relu', 'zero_padding2d_2', 'pool1'];
    const ends = ['conv2_block6_concat', 'conv3_block12_concat', 'conv4_block24_concat', 'relu'];
    expect([...names, ...ends].map((n) => shapes.get(n)?.height)).toEqual(chain);
    expect(ends.map((n) => shapes.get(n)?.channels)).toEqual([256, 512, 1024, 1024]);
    expect(shapes.get(HEAD_LAYER)).toEqual({ height: 1, width: 1, channels: 14 });
    const macs = layerMacs(d121, size);
    expect([...macs.values()].reduce((a, b) => a + b)).toBe(total);
    const stage2 = [...macs].filter(([name]) => name.startsWith('conv2_'));
    expect(stage2.reduce((sum, [, n]) => sum + n, 0)).toBe(size === 320 ? 2_123_366_400 : 1_040_449_536);
  });
});

describe('DenseNet-40-12 for CIFAR-10', () => {
  const config = densenetConfig('densenet40-12');
  const layers = layerTable(config);

  it('has the tensors of the Keras 1 file: 53, of 1,003,546 numbers', () => {
    expect(parameterTable(config)).toHaveLength(53);
    expect(countParameters(config)).toEqual({ total: 1_003_546, trainable: 1_002_586, nonTrainable: 960 });
    const count = (kind: string) => layers.filter((l) => l.kind === kind).length;
    expect([count('conv'), count('batchnorm'), count('relu'), count('concat')]).toEqual([39, 3, 37, 36]);
  });

  it('has a batch norm at the entrance of each block and no other', () => {
    expect(layers.slice(0, 6).map((l) => l.name)).toEqual([
      'input_1',
      'conv1/conv',
      'conv1/bn',
      'conv2_block1_0_relu',
      'conv2_block1_1_conv',
      'conv2_block1_concat',
    ]);
    const transition = layers.filter((l) => l.section === 'transition' && l.stage === 2);
    expect(transition.map((l) => [l.name, l.inputs[0], l.cout])).toEqual([
      ['pool2_conv', 'conv2_block12_concat', 160],
      ['pool2_pool', 'pool2_conv', 160],
      ['pool2_bn', 'pool2_pool', 160],
    ]);
    expect(layers.slice(-4).map((l) => l.name)).toEqual([
      'conv4_block12_concat',
      'relu',
      'global_average_pooling2d_1',
      'dense_1',
    ]);
    expect(layers.at(-1)).toMatchObject({ cin: 448, cout: 10 });
    expect(layers.find((l) => l.name === 'conv3_block1_1_conv')).toMatchObject({
      kernel: 3,
      pad: 1,
      cin: 160,
      cout: 12,
    });
  });

  it('keeps 32 px, then halves twice; 264,812,928 multiply-accumulates', () => {
    const shapes = outputShapes(config, 32);
    const sides = ['conv1/conv', 'pool2_bn', 'pool3_bn', 'relu'].map((n) => shapes.get(n)?.height);
    expect(sides).toEqual([32, 16, 8, 8]);
    expect([...layerMacs(config, 32).values()].reduce((a, b) => a + b)).toBe(264_812_928);
    expect(sizeMultiple(config)).toBe(4);
    checkImageSize(config, 36);
    expect(() => checkImageSize(config, 34)).toThrow(/not a multiple of 4, which densenet40-12 needs/);
  });

  it('is no network for X-rays', () => {
    expect(NETWORK_NAMES).toContain('densenet40-12');
    expect(DENSENET_NAMES).toEqual(['densenet121', 'densenet169', 'densenet201']);
  });

  it('builds its relatives: batch norms everywhere, with a bottleneck', () => {
    const plain = layerTable(densenetConfig('densenet40-12', { norms: 'layer' })).map((l) => l.name);
    // 36 in the layers, 2 in the transitions, 1 in the head: the original DenseNet-40.
    expect(plain.filter((name) => /bn$/.test(name))).toHaveLength(39);
    expect(plain.slice(0, 4)).toEqual(['input_1', 'conv1/conv', 'conv2_block1_0_bn', 'conv2_block1_0_relu']);
    const bottlenecks = layerTable(densenetConfig('densenet40-12', { norms: 'layer', bottleneck: 4 }));
    expect(bottlenecks.map((l) => l.name)).toContain('conv4_block12_2_conv');
  });
});

describe('other configurations', () => {
  // Totals that Keras prints for include_top=False: 12,642,880 and 18,321,984.
  it.each([
    ['densenet169', 595, 12_642_880],
    ['densenet201', 707, 18_321_984],
  ] as const)('%s', (name, baseLayers, baseParameters) => {
    const config = densenetConfig(name);
    expect(layerTable(config)).toHaveLength(baseLayers + 2);
    const base = parameterTable(config).filter((p) => p.layer !== HEAD_LAYER);
    expect(base.reduce((sum, p) => sum + p.size, 0)).toBe(baseParameters);
  });

  it('takes any blocks, and then any size that halves evenly', () => {
    const tiny = densenetConfig('densenet121', {
      blocks: [2, 2],
      growthRate: 4,
      stemChannels: 8,
      classes: 5,
    });
    const layers = layerTable(tiny);
    expect(layers.map((l) => l.name)).toContain('pool2_pool');
    expect(layers.map((l) => l.name)).not.toContain('pool3_pool');
    expect(layers.at(-1)).toMatchObject({ name: 'dense_1', cin: 16, cout: 5, stage: 4 });
    expect(outputShapes(tiny, 24).get('relu')).toEqual({ height: 3, width: 3, channels: 16 });
    expect(DENSENET_NAMES).toContain('densenet201');
  });

  it.each([0, -32, 33, 320.5, 336, Number.NaN])('refuses an image of %d px', (size) => {
    expect(() => outputShapes(d121, size)).toThrow(UsageError);
    expect(() => outputShapes(d121, size)).toThrow(/not a multiple of 32/);
  });
});

describe.runIf(data)("Keras' own summary of DenseNet121", () => {
  it('names the same layers in the same order with the same parameters and connections', () => {
    const text = readFileSync(join(data ?? '', 'reference', 'keras_densenet121_summary.txt'), 'utf8');
    const lines = text.split('\n');
    const [parameterColumn, inputColumn] = ['Param #', 'Connected to'].map((title) =>
      lines[2].indexOf(title),
    );
    const rows: { name: string; parameters: number; inputs: string[] }[] = [];
    for (const line of lines.slice(4)) {
      const name = /^(\S+) \(/.exec(line)?.[1];
      const input = line.slice(inputColumn).trim();
      const parameters = Number(line.slice(parameterColumn, inputColumn));
      if (name) rows.push({ name, parameters, inputs: input ? [input] : [] });
      else if (/^\s+\S/.test(line)) rows.at(-1)?.inputs.push(input);
    }
    // The session that printed it had already made one network, so the numbered names are ahead by one or two.
    const numbered: Record<string, string> = {
      input_2: 'input_1',
      zero_padding2d_3: 'zero_padding2d_1',
      zero_padding2d_4: 'zero_padding2d_2',
    };
    const ours = (name: string) => numbered[name] ?? name;
    const sizes = new Map<string, number>();
    for (const p of parameterTable(d121)) sizes.set(p.layer, (sizes.get(p.layer) ?? 0) + p.size);
    const found = rows.map((r) => ({
      name: ours(r.name),
      parameters: r.parameters,
      inputs: r.inputs.map((input) => ours(input.replace('[0][0]', ''))),
    }));
    const wanted = layerTable(d121)
      .slice(0, 427)
      .map((l) => ({ name: l.name, parameters: sizes.get(l.name) ?? 0, inputs: l.inputs }));
    expect(found).toEqual(wanted);
  });
});

if (!data)
  console.log('architecture: CHEXGPU_DATA is not set, the comparison with the Keras summary is left out.');
