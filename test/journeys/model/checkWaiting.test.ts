/** Plans that were built before their kernels were checked, and a check of them that is given up on the way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { recordPlan } from '../../../src/engine/plan/recordPlan.js';
import { denseTensor, elements, type Tensor } from '../../../src/engine/plan/tensor.js';
import { softmax } from '../../../src/shaders/loss/loss.js';
import { globalAveragePoolForward } from '../../../src/shaders/pool/pool.js';
import { checkKernels } from '../../../src/verify/planCheck.js';
import { slightlyWrong, withText } from '../../support/gpu/wrongKernel.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const paper = (label: string, shape: Tensor['shape']) =>
  denseTensor({ label, bytes: 4 * elements(shape), buffer: null, byteOffset: 0 }, shape);

/** Recorded and no more. */
const record = (recorded: (plan: PlanBuilder) => void) =>
  recordPlan(gpu, () => new PlanBuilder(gpu, 'a kernel'), recorded);

it('names what is wrong also after a call that was given up', async () => {
  const name = 'pool.globalForward.vec4';
  const checker = checkKernels(gpu, { when: 'later' });
  const [map, mean, p] = [paper('x', [1, 3, 2, 8]), paper('y', [1, 1, 1, 8]), paper('p', [1, 1, 1, 8])];
  await withText(name, slightlyWrong(name), async () => {
    await record((plan) => globalAveragePoolForward(plan, 'mean', { x: map, y: mean }));
    await record((plan) => softmax(plan, 'p', { z: mean, p }));
    const enough = new Error('enough');
    const onProgress = ({ note = '' }) => {
      if (note.startsWith('loss.softmax')) throw enough;
    };
    await expect(checker.checkWaiting({ onProgress })).rejects.toBe(enough);
    expect({ broken: [...gpu.broken], waits: checker.isWaiting }).toEqual({ broken: [name], waits: true });
    expect(await checker.checkWaiting()).toEqual([name]);
    expect(checker.isWaiting).toBe(false);
  });
});
