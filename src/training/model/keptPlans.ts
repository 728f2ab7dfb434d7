/** Plans kept for different batch sizes; the least recently used one goes first. */
import type { BatchShape } from '../batch.js';

const KEPT_PLANS = 3;

export function keyOf({ count, height, width }: BatchShape): string {
  return `${count}x${height}x${width}`;
}

/** What is used now is the last to go. */
export function touch<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  return value;
}

/** Lets go of the oldest until one more may be kept. */
export function makeRoom(map: Map<string, { dispose(): void }>): void {
  while (map.size >= KEPT_PLANS) {
    const [oldest, value] = map.entries().next().value!;
    map.delete(oldest);
    value.dispose();
  }
}
