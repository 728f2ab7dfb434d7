/** Layers by name, block and pattern. */
import { expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import { layersOf, selectLayers } from '../../../src/training/layers/layerNames.js';
import { refused } from '../../support/refused.js';

const network = { name: 'densenet121', parameters: parameterTable(densenetConfig('densenet121')) };
const select = (pattern: string) => selectLayers('freeze', network, pattern);

it.each([
  ['conv1/conv', ['conv1/conv']],
  ['conv1', ['conv1/conv', 'conv1/bn']],
  ['pool2', ['pool2_bn', 'pool2_conv']],
  ['bn', ['bn']],
  ['head', ['dense_1']],
  ['dense_1', ['dense_1']],
  ['conv2_block1', ['conv2_block1_0_bn', 'conv2_block1_1_conv', 'conv2_block1_1_bn', 'conv2_block1_2_conv']],
  ['conv5_block1*_0_bn', [1, 10, 11, 12, 13, 14, 15, 16].map((i) => `conv5_block${i}_0_bn`)],
  ['pool*conv', ['pool2_conv', 'pool3_conv', 'pool4_conv']],
  ['*1/*n*v', ['conv1/conv']],
])('%s means its layers', (pattern, layers) => {
  expect(select(pattern)).toEqual(layers);
});

it('blocks are whole, and the base is all but the head', () => {
  expect(select('conv3')).toHaveLength(4 * 12);
  expect(select('*')).toEqual(layersOf(network));
  expect(select('base')).toEqual(layersOf(network).filter((layer) => layer !== 'dense_1'));
  // A star in front must not take what stands behind it twice.
  expect(select('*bn')).toHaveLength(121);
});

it.each([
  ['conv9', /has no layer 'conv9'.*There is conv1, conv2, conv3, conv4/s],
  ['Conv1/Conv', /There is conv1\/conv/],
  ['conv2_block7', /There is conv2_block1/],
  ['layer*conv', /has no layer 'layer\*conv'/],
  ['', /has no layer ''/],
  ['conv1/conv*conv', /has no layer/],
])('%s means none: refused, with names that are near', async (pattern, message) => {
  await refused(() => select(pattern), UsageError, message);
});
