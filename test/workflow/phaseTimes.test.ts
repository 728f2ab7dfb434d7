import { expect, it } from 'vitest';
import { Phases } from '../../src/workflow/phaseTimes.js';

it('the phases of a run are kept in their order, and only those that came to an end', async () => {
  const phases = new Phases();
  phases.add('open', 0.5);
  expect(await phases.time('train', 16, async () => 'trained')).toBe('trained');
  await expect(phases.time('predict', 4, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(phases.list).toEqual([
    { phase: 'open', seconds: 0.5, images: null },
    { phase: 'train', seconds: expect.any(Number), images: 16 },
  ]);
  expect(phases.list[1].seconds).toBeGreaterThanOrEqual(0);
});
