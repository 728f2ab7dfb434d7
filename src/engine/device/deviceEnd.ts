/** The end of a device: whoever waits for it hears of it at once, and nobody waits for what will not come. */
import type { ChexError } from '../../core/errors.js';

/**
 * What a lost device was asked for may fail before the loss itself is told, so that a failure waits so long for its
 * reason.
 */
const LOSS_FOLLOWS_MS = 50;

export const untilLossIsTold = (): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, LOSS_FOLLOWS_MS));

export class DeviceEnd {
  private readonly waiting = new Set<(why: ChexError) => void>();
  private why: (() => ChexError) | null = null;

  /** @param why of several ends the first counts */
  come(why: () => ChexError): void {
    this.why ??= why;
    for (const reject of this.waiting) reject(this.why());
    this.waiting.clear();
  }

  /** @throws the reason of the end, once it has come */
  check(): void {
    if (this.why) throw this.why();
  }

  /** What `promise` comes to, or the reason of an end that comes before. */
  until<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.why) reject(this.why());
      else this.waiting.add(reject);
      promise
        .catch(async (error: unknown) => {
          if (!this.why) await untilLossIsTold();
          this.check();
          throw error;
        })
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject));
    });
  }
}
