/** Predictors or trainers for different batch and image sizes; the least recently used one goes first. */
import type { BatchShape } from '../batch.js';

const MOST_KEPT = 3;

interface ForShape {
  /** Whether it serves batches of this shape. */
  fits(shape: BatchShape): boolean;
  dispose(): void;
}

export class KeptPlans<T extends ForShape> {
  /** What was used last is last. */
  private kept: T[] = [];

  /** One that fits; else one that `make` makes, when there is room for it. */
  async for(shape: BatchShape, make: () => Promise<T>): Promise<T> {
    let plan = this.kept.find((known) => known.fits(shape));
    if (!plan) {
      while (this.kept.length >= MOST_KEPT) this.kept.shift()!.dispose();
      plan = await make();
    }
    this.kept = [...this.kept.filter((other) => other !== plan), plan];
    return plan;
  }

  /** Lets go of all. */
  clear(): void {
    for (const plan of this.kept) plan.dispose();
    this.kept = [];
  }
}
