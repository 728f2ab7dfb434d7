/** What is said of layers: checked, told to people, and refused where it makes no sense. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import {
  checkLayers,
  completeLayers,
  describeLayers,
  type LayerSettings,
  layerRoles,
} from '../../../src/training/layers/layerSettings.js';
import { refused } from '../../support/refused.js';

const network = { name: 'densenet121', parameters: parameterTable(densenetConfig('densenet121')) };
const of = (settings: Partial<LayerSettings>) => completeLayers(checkLayers(settings));

describe('settings of layers', () => {
  it('say nothing where nothing is said', () => {
    expect(describeLayers(network, of({}))).toEqual([]);
    expect(layerRoles(network, of({}))).toMatchObject({ frozen: undefined, largest: 1, differ: false });
  });

  it('are told with counts', () => {
    expect(describeLayers(network, of({ freeze: ['base'] }))).toEqual([
      'Frozen: base: 241 of 242 layers, 6,953,856 of 6,968,206 parameters; ' +
        'their batch norms by moving averages, which stay',
    ]);
    expect(describeLayers(network, of({ freeze: ['conv1/conv', 'conv1'], frozenNorms: 'training' }))).toEqual(
      [
        'Frozen: conv1/conv, conv1: 2 of 242 layers, 9,536 of 6,968,206 parameters; ' +
          "their batch norms by each batch's statistics",
      ],
    );
    expect(
      describeLayers(network, of({ freeze: ['pool2_conv'], rateOf: { base: 0.1, conv1: 0.01 } })),
    ).toEqual([
      'Frozen: pool2_conv: 1 of 242 layers, 32,768 of 6,968,206 parameters',
      'Learning rate times 0.1: base: 238 layers, 6,911,552 parameters',
      'Learning rate times 0.01: conv1: 2 layers, 9,536 parameters',
    ]);
  });

  it('have the last factor of several, and 0 where a layer is frozen', () => {
    const { factorOf, largest, frozen } = layerRoles(
      network,
      of({ freeze: ['conv1'], rateOf: { base: 0.5, conv5: 2 } }),
    );
    expect(['conv1/bn', 'pool2_conv', 'conv5_block1_0_bn', 'dense_1'].map(factorOf)).toEqual([0, 0.5, 2, 1]);
    expect([largest, [...frozen!.layers]]).toEqual([2, ['conv1/conv', 'conv1/bn']]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ freeze: 'conv1' }, /freeze is 'conv1', it must be an array/],
    [{ freeze: [1] }, /freeze\[0\] is 1/],
    [{ freeze: ['conv9'] }, /freeze: densenet121 has no layer 'conv9'/],
    [{ freeze: ['*'] }, /nothing of densenet121 is left to learn/],
    [{ freeze: ['base', 'head'] }, /nothing of densenet121 is left to learn/],
    [{ frozenNorms: 'eval' }, /frozenNorms is 'eval', it must be inference or training/],
    [{ frozenNorms: 'training' }, /no batch norm is frozen/],
    [{ freeze: ['head'], frozenNorms: 'training' }, /no batch norm is frozen/],
    [{ rateOf: ['conv1'] }, /rateOf is an Array of 1, it must be an object/],
    [{ rateOf: { conv1: 0 } }, /rateOf: conv1 is 0\..*freeze/s],
    [{ rateOf: { conv1: -1 } }, /rateOf: conv1 is -1/],
    [{ rateOf: { conv1: Number.NaN } }, /rateOf: conv1 is NaN/],
    [{ rateOf: { conv1: '1' } }, /rateOf: conv1 is '1'/],
    [{ rateOf: { conv7: 1 } }, /rateOf: densenet121 has no layer 'conv7'/],
    [{ freeze: ['conv1'], rateOf: { 'conv1/bn': 0.1 } }, /every layer of 'conv1\/bn' is frozen/],
  ])('%o is refused', async (options, message) => {
    await refused(() => layerRoles(network, of(options)), UsageError, message);
  });
});
