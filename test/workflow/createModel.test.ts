/** Compiling takes minutes on some drivers; Ctrl-C does not wait for its end. */
import { expect, it } from 'vitest';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { createModel } from '../../src/workflow/createModel.js';
import { SILENT } from '../../src/workflow/reporter.js';
import { randomWeights, TINY } from '../densenet/weights/keras/h5Fixtures.js';

it('an interrupt ends the compiling of a network before its first step', async () => {
  const node = await openNodeGpu({ quiet: true });
  const controller = new AbortController();
  const context = { out: SILENT, signal: controller.signal };
  const model = await createModel(context, node.gpu, { config: TINY, weights: randomWeights(TINY) });
  try {
    const x = new Float32Array(32 * 32 * 3);
    const predicted = model.predict({
      count: 1,
      height: 32,
      width: 32,
      x,
      labels: new Float32Array(3),
      files: [],
    });
    controller.abort();
    await expect(predicted).rejects.toThrow(/abort/);
  } finally {
    model.dispose();
    node.gpu.dispose();
  }
});
