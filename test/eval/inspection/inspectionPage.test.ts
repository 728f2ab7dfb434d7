import { describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import type { InspectionData, ShownMap } from '../../../src/eval/inspection/inspectionData.js';
import { inspectionPage } from '../../../src/eval/inspection/inspectionPage.js';
import { mapNumbers } from '../../../src/eval/inspection/mapNumbers.js';
import { timesByPart } from '../../../src/eval/inspection/networkMap.js';
import { networkParts } from '../../../src/eval/inspection/networkParts.js';
import { tagsOf } from '../../support/files/htmlTags.js';

const config = densenetConfig('densenet121', {
  blocks: [2, 1],
  growthRate: 4,
  stemChannels: 8,
  bottleneck: 2,
  classes: 2,
});
const parts = networkParts(config);

const map = (
  name: string,
  kind: ShownMap['kind'],
  shape: number[],
  more: Partial<ShownMap> = {},
): ShownMap => ({
  name,
  kind,
  shape,
  kernel: 'conv.forward.naive',
  file: 'src/shaders/conv/forward/forward.naive.wgsl',
  constants: { KERNEL: 7 },
  dispatch: null,
  beside: false,
  numbers: mapNumbers(Float32Array.of(-1.25, 0, 3.5)),
  picture: {
    uri: 'data:image/png;base64,AAAA',
    width: 30,
    height: 20,
    columns: 8,
    channels: [0, 1],
    averaged: 2,
    colours: 'signed',
    low: -1,
    high: 1,
    beyond: 0.01,
  },
  ...more,
});

const DATA: InspectionData = {
  name: '<i>a</i>.png',
  network: 'densenet',
  weights: 'x.h5',
  notice: 'trained on drawings',
  parameters: 1234,
  image: { uri: 'data:image/png;base64,BBBB', width: 32, height: 32 },
  normalised: 'by itself',
  mode: 'training',
  outputs: [
    { label: 'Mass', probability: 0.75, logit: 1.0986, truth: 1, loss: 0.2877 },
    { label: 'Pleural_Thickening', probability: 0.5, logit: 0, truth: 0, loss: Math.LN2 },
  ],
  loss: { title: 'weighted cross-entropy', value: 0.9808 },
  parts,
  maps: [
    map('conv1/conv', 'conv', [1, 16, 16, 8]),
    map('conv2_block1_concat', 'concat', [1, 8, 8, 12], { kernel: null, file: null }),
    map('conv2_block2_1_conv', 'conv', [1, 8, 8, 8], { beside: true }),
    map('conv2_block2_1_conv', 'gradient of conv', [1, 8, 8, 8], { addends: ['p', 'q'] }),
    map('conv1/conv/kernel', 'gradient of weights', [7, 7, 3, 8], { picture: undefined }),
  ],
  times: {
    byGpu: false,
    repeats: 3,
    dispatches: [
      'conv1/conv',
      'block2',
      'conv2_block1_1_conv and on',
      'bn',
      'loss',
      'conv1/conv',
      'gradients',
    ].map((label, i) => ({
      label,
      kernel: 'conv.forward.naive',
      shape: '',
      ns: (i + 1) * 1e6,
      flops: 5,
      back: i > 4,
    })),
  },
  chosen: null,
  drawn: 'the first 2',
  adapter: 'lavapipe',
  command: 'chexgpu inspect "a"',
  version: '1.2.3',
  madeAt: '2026-11-28T04:00:00.000Z',
};

describe('a network in parts', () => {
  it('has each layer once, in order, without padding', () => {
    expect(parts.map(({ id, units }) => [id, units.length])).toEqual([
      ['stem', 1],
      ['block1', 2],
      ['transition1', 1],
      ['block2', 1],
      ['head', 1],
    ]);
    const names = parts.flatMap(({ units }) => units.flatMap(({ layers }) => layers.map(({ name }) => name)));
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(0, 3)).toEqual(['input_1', 'conv1/conv', 'conv1/bn']);
    expect(names.some((name) => name.includes('pad'))).toBe(false);
    expect(parts[1].units[1]).toMatchObject({ title: 'conv2_block2' });
    const [, conv, norm, relu] = parts[0].units[0].layers;
    expect([conv, norm, relu].map(({ parameters }) => parameters)).toEqual([7 * 7 * 3 * 8, 4 * 8, 0]);
  });

  it('shares out the time: what several layers share with the first of them, the loss apart', () => {
    const found = timesByPart(DATA.times!, parts);
    const sums = [...found].map(([id, list]) => [id, list.reduce((sum, { ns }) => sum + ns / 1e6, 0)]);
    expect(sums).toEqual([
      ['stem', 1 + 2 + 6],
      ['block1', 3],
      ['transition1', 0],
      ['block2', 0],
      ['head', 4],
      ['rest', 5 + 7],
    ]);
  });
});

describe('the page', () => {
  const page = inspectionPage(DATA);
  const { tags, unclosed } = tagsOf(page);
  const attributes = (name: string) => tags.flatMap(({ attributes: all }) => all[name] ?? []);

  it('is well-formed, loads nothing, and escapes what it is given', () => {
    expect(unclosed).toEqual([]);
    expect(tags.some(({ name }) => name === 'script' || name === 'link')).toBe(false);
    expect(attributes('src').every((src) => src.startsWith('data:image/png;base64,'))).toBe(true);
    expect(page).not.toContain('<i>');
    expect(page).toContain('&lt;i&gt;a&lt;/i&gt;.png');
    expect(page).toContain('chexgpu inspect &quot;a&quot;');
  });

  it('has an id once, a place for every link, and words for every picture', () => {
    const ids = attributes('id');
    expect(new Set(ids).size).toBe(ids.length);
    const links = attributes('href');
    expect(links).toContain('#block1');
    expect(links.filter((link) => !ids.includes(link.slice(1)))).toEqual([]);
    const pictures = tags.filter(({ name }) => name === 'img');
    expect(pictures).toHaveLength(5);
    for (const { attributes: own } of pictures) expect(own.alt.length).toBeGreaterThan(20);
  });

  it('says of each map its numbers, its kernel and its time', () => {
    expect(page).toContain('−1.25 to 3.5, mean 0.75, 33 % zero');
    expect(page).toContain('<code>src/shaders/conv/forward/forward.naive.wgsl</code> with KERNEL 7.');
    expect(page).toMatch(/Made for this page by .*the pass itself never stores it\./);
    expect(page).toContain('7x7 convolution, stride 2, 8 maps of 16x16; 1,176 parameters');
    expect(page).toContain('Sum of what p, q pass back.');
    expect(page).toContain('the first 2 of 8 channels, a pixel the mean of up to 2x2 of 16x16 values');
    expect(page).toContain('1.00 ms (3.6 % of all) forward, 6.00 ms (21 % of all) back');
    expect(page).toContain('as this adapter has no timestamps');
    expect(page).toContain('Drawn are the first 2 of its channels');
    expect(page).toContain('2.00 ms of its time belong to no single layer: block2.');
    expect(page).toMatch(/Pleural Thickening<\/th><td class="n">0<\/td>.*<td class="n">0.6931<\/td>/);
  });

  it('has parts only of which something is shown, and says where nothing was timed', () => {
    const plain = inspectionPage({ ...DATA, times: null, mode: 'inference', loss: null, chosen: 'conv1' });
    expect(plain).toContain('Nothing was timed.');
    expect(plain).toContain('Of the layers only those of conv1 are here.');
    expect(plain).not.toContain('id="head"');
    expect(tagsOf(plain).unclosed).toEqual([]);
  });
});
