/** Kernels that are compiled ahead are those of the prediction, and failures are the model's to tell. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { densenetNetwork } from '../../../src/densenet/network.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { compileAhead } from '../../../src/training/model/compileAhead.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const SIDE = 32;
const SHAPE = { count: 1, height: SIDE, width: SIDE };

const CASES = [
  densenetConfig('densenet121', { name: 'small', blocks: [2, 1], classes: 3 }),
  densenetConfig('densenet121', { name: 'gray', blocks: [1, 1], inputChannels: 1, activation: 'softmax' }),
];

for (const config of CASES) {
  it(`leaves nothing of the forward pass to compile: ${config.name}`, async () => {
    await compileAhead(gpu, densenetNetwork(config), SHAPE);
    const ahead = gpu.pipelineCount;
    expect(gpu.allocatedBytes).toBe(0);
    const model = await DenseNet.create(gpu, { config });
    const { dispatches } = await model.planOf('predict', 1, SIDE);
    expect(dispatches.length).toBeGreaterThan(10);
    const forward = new Set(dispatches.map((d) => `${d.kernel.name} ${JSON.stringify(d.constants ?? {})}`));
    expect(ahead).toBeGreaterThanOrEqual(forward.size);
    // The affines of the batch norms.
    expect(gpu.pipelineCount - ahead).toBeLessThanOrEqual(1);
    const x = new Float32Array(SIDE * SIDE * config.inputChannels).fill(0.5);
    const p = await model.predict({ ...SHAPE, x, labels: new Float32Array(config.classes), files: ['a'] });
    expect(p.every((value) => value > 0 && value < 1)).toBe(true);
    await model.dispose();
  });
}

it('says nothing of a kernel that does not compile, and the model then does', async () => {
  const [config] = CASES;
  const model = await DenseNet.create(gpu, { config });
  const { dispatches } = await model.planOf('predict', 1, SIDE);
  await model.dispose();
  const used = dispatches[0].kernel as { source: string };
  const { source } = used;
  used.source = `${source}\nfn fn`;
  try {
    await compileAhead(gpu, densenetNetwork(config), SHAPE);
    const wrong = await DenseNet.create(gpu, { config });
    await expect(wrong.planOf('predict', 1, SIDE)).rejects.toThrow(/does not compile/);
    await wrong.dispose();
  } finally {
    used.source = source;
  }
});
