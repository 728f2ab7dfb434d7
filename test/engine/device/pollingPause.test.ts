/** Waiting that leaves the cores to a software GPU. */
import { describe, expect, it, vi } from 'vitest';
import { restUntil } from '../../../src/engine/device/pollingPause.js';

const later = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));

describe('restUntil', () => {
  it('gives what the promise gives, for many at once', async () => {
    const results = await Promise.all([30, 5, 0, 60].map((ms) => restUntil(later(ms))));
    expect(results).toEqual([30, 5, 0, 60]);
  });

  it('passes a failure on and serves the next one', async () => {
    await expect(restUntil(Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await restUntil(Promise.resolve(1))).toBe(1);
  });

  it('lets timers and others go on meanwhile, and sleeps between two turns of the event loop', async () => {
    const sleep = vi.spyOn(Atomics, 'wait');
    let waiting = true;
    let turns = 0;
    const count = () => {
      turns++;
      if (waiting) setImmediate(count);
    };
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
    }, 10);
    setImmediate(count);
    await restUntil(later(400));
    waiting = false;
    clearInterval(timer);
    const sleeps = sleep.mock.calls.map(([, , , ms]) => ms!);
    sleep.mockRestore();
    expect(ticks).toBeGreaterThan(1);
    // Twenty turns before the first sleep, and again when the promise is there.
    expect(sleeps.length).toBeGreaterThan(turns - 45);
    expect(sleeps[0]).toBe(0.1);
    expect(Math.max(...sleeps)).toBe(2);
  });
});
