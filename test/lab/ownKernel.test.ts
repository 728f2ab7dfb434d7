/** Kernels of a caller in a model: the same numbers where they compute the same, and others where they are meant to. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GpuError, UsageError } from '../../src/core/errors.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { Gpu } from '../../src/engine/device/gpu.js';
import { ownKernel } from '../../src/lab/ownKernel.js';
import { checkKernels } from '../../src/verify/planCheck.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, tinyBatch } from '../support/networks/tinyNet.js';

const gpu = await testGpu();

const text = (file: string) => readFileSync(new URL(`../../src/shaders/${file}`, import.meta.url), 'utf8');
const DENSE = text('dense/forward.naive.wgsl');
const SIGMOID = text('loss/sigmoid.naive.wgsl');
const create = (options: object) => DenseNet.create(gpu, { config: TINY, seed: 1, ...options });

describe('ownKernel', () => {
  it('is used in prediction, training and inspection, and gives what it computes', async () => {
    const plain = await create({ variants: { 'dense.forward': 'naive' } });
    const want = await plain.predict(tinyBatch(1));
    await plain.dispose();
    const own = await ownKernel(gpu, 'dense.forward.naive', `// mine\n${DENSE}`, { file: 'mine.wgsl' });
    const model = await create({ kernels: [own] });
    expect(await model.predict(tinyBatch(1))).toEqual(want);
    await model.compile(TINY_LOSS);
    const made: (string | null)[] = [];
    const only = ({ name, kind }: { name: string; kind: string }) => name === 'dense_1' && kind === 'dense';
    await model.inspect(tinyBatch(1), ({ kernel, file }) => void made.push(kernel, file), {
      mode: 'training',
      only,
    });
    expect(made).toEqual(['dense.forward.mine', 'mine.wgsl']);
    await model.trainStep(tinyBatch(1));
    const { dispatches } = await model.planOf('train', 2, 16);
    expect(dispatches.some(({ kernel }) => kernel === own)).toBe(true);
    await model.dispose();
  });

  it('may be meant to differ, and no check of the kernels takes it for a broken one', async () => {
    // Half of a sigmoid.
    const wgsl = SIGMOID.replace(/p\[i\] = (.*);/, 'p[i] = 0.5 * ($1);');
    expect(wgsl).not.toBe(SIGMOID);
    await expect(ownKernel(gpu, 'loss.sigmoid.naive', wgsl)).rejects.toThrow(
      /own\.wgsl is not loss\.sigmoid\.naive: .* is .*, wanted .*differs: true/s,
    );
    const half = await ownKernel(gpu, 'loss.sigmoid.naive', wgsl, { differs: true });
    const shared = Gpu.borrow(gpu.device);
    checkKernels(shared);
    const options = { config: TINY, seed: 1 };
    const plain = await DenseNet.create(shared, options);
    const model = await DenseNet.create(shared, { ...options, kernels: [half] });
    const p = await plain.predict(tinyBatch(1));
    expect(await model.predict(tinyBatch(1))).toEqual(p.map((v) => v / 2));
    expect([...shared.broken]).toEqual([]);
    await Promise.all([plain.dispose(), model.dispose()]);
    shared.dispose();
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a kernel that there is not',
      'dense.forward.fast',
      DENSE,
      /no built-in kernel 'dense\.forward\.fast'.*dense\.forward/,
    ],
    [
      'a text without its bindings',
      'dense.forward.naive',
      SIGMOID,
      /cannot stand in for dense\.forward\.naive/,
    ],
    ['no text', 'dense.forward.naive', undefined as unknown as string, /wgsl is undefined/],
  ])('refuses %s', async (_, name, wgsl, message) => {
    const making = ownKernel(gpu, name, wgsl);
    await expect(making).rejects.toThrow(UsageError);
    await expect(making).rejects.toThrow(message);
  });

  it('says where a text does not compile, and a model takes nothing else', async () => {
    const broken = ownKernel(gpu, 'dense.forward.naive', DENSE.replace('fn main(', 'fn main( nothing,'));
    await expect(broken).rejects.toThrow(GpuError);
    await expect(broken).rejects.toThrow(/own\.wgsl:\d+:\d+: /);
    await expect(create({ kernels: [DENSE] })).rejects.toThrow(/is no kernel of ownKernel/);
    await expect(create({ kernels: {} })).rejects.toThrow(/kernels is .*it must be a list/);
  });
});
