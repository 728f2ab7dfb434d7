/** Waiting that leaves the cores to a software GPU. */
import { describe, expect, it } from 'vitest';
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

  it('lets timers and others go on meanwhile, and sleeps most of the time', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
    }, 10);
    const before = process.cpuUsage();
    await restUntil(later(400));
    const { user, system } = process.cpuUsage(before);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect((user + system) / 1000).toBeLessThan(300);
  });
});
