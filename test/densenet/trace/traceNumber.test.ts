/** One number of the toy network from the pixel to the loss and back, beside PyTorch's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/index.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { agreesWithTorch, tracedPhantom } from '../../support/networks/tracedPhantom.js';

const gpu = await testGpu();

describe('a number of phantom 1 through the toy', () => {
  let opened: Awaited<ReturnType<typeof tracedPhantom>>;
  beforeAll(async () => {
    opened = await tracedPhantom(gpu, densenetConfig('toy'), 'weights/phantoms-toy.safetensors');
  });
  afterAll(() => opened.dispose());

  it('is what PyTorch says, at every station, to the new weight', () => {
    agreesWithTorch(opened.asked, opened.traced, 2e-5);
  });

  it('is the plain sum of what goes in', () => {
    const { forward, backward, weight } = opened.traced;
    for (const { title, gpu: own, reference } of [...forward, ...backward, weight.gradient]) {
      expect(Math.abs(own - reference), title).toBeLessThan(5e-6 * Math.max(1, Math.abs(reference)));
    }
  });

  it.each<[string, Parameters<(typeof opened)['follow']>[0], RegExp]>([
    ['a pixel outside', { pixel: [16, 3] }, /pixel 16,3 lies outside .* 16x16 .*/],
    ['an output that there is not', { output: 4 }, /no output 4; the last is 3/],
    [
      'a weight that there is not',
      { weight: 'conv1/conv/kernel[7,0,0,5]' },
      /no weight conv1\/conv\/kernel\[7,0,0,5\]/,
    ],
    [
      'a weight off the way',
      { weight: 'conv2_block1_1_conv/kernel[0,0,0,0]' },
      /does not go through conv2_block1_1_conv/,
    ],
    ['a channel off the way', { weight: 'dense_1/bias[0]' }, /goes through channel 1 of dense_1/],
  ])('refuses %s', async (_, changed, message) => {
    const refused = opened.follow(changed);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
  });
});
