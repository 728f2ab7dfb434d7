/**
 * The start-up self-test: kernel variants that give wrong numbers on this adapter are not used. It takes
 * seconds, so its result is kept in the cache for the same adapter, driver and kernels.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterError, GpuError } from '../core/errors.js';
import { cachedFolder } from '../engine/cache.node.js';
import type { NodeGpu } from '../engine/gpu.node.js';
import { ALL_KERNELS } from '../shaders/checks.js';
import { selfTest } from '../shaders/selftest.js';
import type { CommandContext } from './context.js';

const RESULT_FILE = 'broken.json';

function identity({ gpu, name }: NodeGpu): string {
  const { info } = gpu;
  const facts = [name, info.vendor, info.architecture, info.description, info.features];
  const sources = ALL_KERNELS.map((kernel) => kernel.source);
  return createHash('sha256')
    .update(JSON.stringify([facts, sources]))
    .digest('hex')
    .slice(0, 16);
}

async function test({ out, signal }: CommandContext, { gpu }: NodeGpu): Promise<string[]> {
  const bar = out.progress('Checking the kernels on this adapter', 0, 'cases');
  const results = await selfTest(gpu, {
    likelyOnly: true,
    onProgress: (done, total) => {
      signal.throwIfAborted();
      bar.update(done, '', total);
    },
  });
  out.endProgress();
  return [...new Set(results.filter(({ ok }) => !ok).map(({ op, variant }) => `${op}.${variant}`))];
}

/** Variants that fail here, from the cache or tested now. */
async function brokenVariants(context: CommandContext, node: NodeGpu): Promise<string[]> {
  let tested: string[] | undefined;
  try {
    const folder = await cachedFolder(`selftest-${identity(node)}`, async (path) => {
      tested ??= await test(context, node);
      await writeFile(join(path, RESULT_FILE), JSON.stringify(tested));
    });
    return tested ?? (JSON.parse(await readFile(join(folder, RESULT_FILE), 'utf8')) as string[]);
  } catch (error) {
    // No cache can be written here: then every command tests.
    if (!(error instanceof AdapterError)) throw error;
    return tested ?? test(context, node);
  }
}

/** @throws GpuError when an operation has no variant left that is right */
export async function refuseBrokenKernels(context: CommandContext, node: NodeGpu): Promise<void> {
  const broken = new Set(await brokenVariants(context, node));
  for (const name of broken) {
    node.gpu.broken.add(name);
    context.out.warn(`The kernel ${name} gives wrong numbers on this adapter and is not used.`);
  }
  const lost = ALL_KERNELS.find(({ op }) =>
    ALL_KERNELS.every((kernel) => kernel.op !== op || broken.has(kernel.name)),
  );
  if (lost) {
    throw new GpuError(
      `Every variant of ${lost.op} gives wrong numbers on this adapter.`,
      'Force another one with CHEXGPU_ADAPTER; `chexgpu doctor` shows the details.',
    );
  }
}
