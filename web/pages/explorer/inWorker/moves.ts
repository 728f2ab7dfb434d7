/** How far a step moves the weights, layer by layer. */
import type { Graph } from '../graph/graph.js';
import type { RunValues } from './run.js';

export interface Moved {
  readonly layer: string;
  /** Numbers that learn. */
  readonly count: number;
  /** Root mean squares, of the weights before the step and of what was added to them. */
  readonly weights: number;
  readonly step: number;
}

export async function movesOf(run: RunValues, { layers }: Graph): Promise<Moved[]> {
  const { after } = await run.update();
  const found: Moved[] = [];
  for (const { name, kind } of layers) {
    const tensors = kind === 'conv' ? ['kernel'] : kind === 'dense' ? ['kernel', 'bias'] : ['gamma', 'beta'];
    if (kind !== 'conv' && kind !== 'dense' && kind !== 'batchnorm') continue;
    let [count, weights, step] = [0, 0, 0];
    for (const tensor of tensors) {
      const before = await run.weight(`${name}/${tensor}`);
      const moved = after.get(`${name}/${tensor}`) as Float32Array;
      for (let i = 0; i < before.length; i++) {
        weights += before[i] ** 2;
        step += (moved[i] - before[i]) ** 2;
      }
      count += before.length;
    }
    found.push({ layer: name, count, weights: Math.sqrt(weights / count), step: Math.sqrt(step / count) });
  }
  return found;
}
