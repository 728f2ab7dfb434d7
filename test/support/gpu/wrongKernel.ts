/** Kernels whose text is made wrong for a while, as a driver might have it. */
import { expect } from 'vitest';
import type { Kernel } from '../../../src/engine/plan/kernel.js';
import { ALL_KERNELS } from '../../../src/shaders/registry.js';

export const kernelNamed = (name: string): Kernel => ALL_KERNELS.find((kernel) => kernel.name === name)!;

/** Runs `work` while the text of a kernel is another one. */
export async function withText<T>(name: string, text: string, work: () => Promise<T>): Promise<T> {
  const kernel = kernelNamed(name) as { source: string };
  const { source } = kernel;
  kernel.source = text;
  try {
    return await work();
  } finally {
    kernel.source = source;
  }
}

/** Every number that the kernel writes is off by two thousandths. */
export function slightlyWrong(name: string): string {
  const { source, bindings } = kernelNamed(name);
  const written = bindings.filter(({ type }) => type === 'storage').map((binding) => binding.name);
  const numbers = written.filter((binding) => binding !== 'argmax').join('|');
  const main = source.indexOf('fn main(');
  const store = new RegExp(`(\\b(?:${numbers})\\[[^;=]*\\] \\+?= )([^;]+);`, 'g');
  const wrong = source.slice(main).replace(store, '$11.002 * ($2);');
  expect(wrong, name).not.toBe(source.slice(main));
  return source.slice(0, main) + wrong;
}

/** Half of the threads do nothing. */
export function halfDone(name: string): string {
  const { source } = kernelNamed(name);
  const main = source.indexOf('fn main(');
  const id = /@builtin\(global_invocation_id\) (\w+): vec3u/.exec(source.slice(main))![1];
  const body = source.indexOf(') {', main) + 3;
  return `${source.slice(0, body)} if (${id}.x % 2u == 1u) { return; } ${source.slice(body)}`;
}
