/** One number of phantom 1 through DenseNet121 at 64 px, forward, back and in Adam's step, beside PyTorch's. */
import { describe, expect, it } from 'vitest';
import { densenetConfig } from '../../src/index.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { agreesWithTorch, tracedPhantom } from '../support/networks/tracedPhantom.js';

// Half a minute on SwiftShader; the toy is compared in every run, by test/densenet/trace/traceNumber.test.ts.
describe.runIf(process.env.CHEXGPU_PARITY_ROWS)('npm run parity', () => {
  it('follows pixel (10,11) to the loss, and back to conv1/conv/kernel[0,0,0,5]', async () => {
    const config = densenetConfig('densenet121');
    const opened = await tracedPhantom(await testGpu(), config, 'weights/phantoms-densenet121.h5');
    expect(opened.asked.weight).toBe('conv1/conv/kernel[0,0,0,5]');
    agreesWithTorch(opened.asked, opened.traced, 2e-4);
    await opened.dispose();
  });
});
