import { expect, it } from 'vitest';
import { benchPipeline } from '../../../bench/model/inputPipeline.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';

it('the input pipeline is measured plain and augmented, and can be told to end', async () => {
  const pool = new DecodePool({ workers: 0 });
  try {
    const source = { images: 4, size: 64 };
    const steps = new Set<string>();
    const rows = await benchPipeline({
      pool,
      source,
      size: 32,
      batch: 2,
      budgetMs: 1,
      onProgress: (what) => steps.add(what),
    });
    expect(rows.map(({ work }) => work)).toEqual(['decode, resize', 'decode, resize, augment, normalise']);
    for (const row of rows) {
      expect(row).toMatchObject({ size: 32, sourceSize: 64 });
      expect(row.images).toBeGreaterThan(0);
      expect(row.imagesPerSecond).toBeGreaterThan(0);
    }
    expect([...steps]).toEqual(['drawing phantoms', ...rows.map(({ work }) => work)]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(benchPipeline({ pool, source, size: 32, batch: 2, signal })).rejects.toThrow('enough');
  } finally {
    await pool.close();
  }
});
