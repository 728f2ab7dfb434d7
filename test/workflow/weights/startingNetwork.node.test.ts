import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { startingNetwork } from '../../../src/workflow/weights/startingNetwork.node.js';

const network = densenetConfig('densenet121', { name: 'tiny', blocks: [1], growthRate: 4, stemChannels: 4 });
const context = { out: SILENT };

describe('a training without weights', () => {
  it('begins with drawn ones, the same for the same seed, an output per label', async () => {
    const of = (seed: number) =>
      startingNetwork(context, { network, seed, labels: ['Mass', 'Edema'], history: false });
    const { config, weights, origin, size } = await of(3);
    expect([config.classes, origin, size]).toEqual([2, "drawn by Keras' rules with seed 3", null]);
    expect((await of(3)).weights).toEqual(weights);
    expect((await of(4)).weights).not.toEqual(weights);
  });

  it.each([
    [{ head: 'none' }, /and head would be of them\. Give weights, too, or leave it out\./],
    [{ history: 'history.json' }, /There are no weights to begin with, and history would be of them\./],
    [{ head: 'none', history: 'history.json' }, /and head and history would be of them/],
  ])('refuses what is about weights: %j', async (options, message) => {
    const refused = startingNetwork(context, { network, seed: 1, ...options });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
});
