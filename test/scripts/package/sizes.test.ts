import { beforeAll, describe, expect, it } from 'vitest';
import { measureSizes, sizeTable, USES } from '../../../scripts/package/sizes.mjs';
import { ensureBuilt } from '../../support/programs/cli.js';

describe('what a page loads of the library', () => {
  beforeAll(ensureBuilt);

  it('is no more than its bars, and no bundler has anything to say', async () => {
    const sizes = await measureSizes();
    console.log(sizeTable(sizes));
    const over = USES.filter(({ limit }, i) => sizes[i] > limit).map(({ name }) => name);
    expect(over).toEqual([]);
    // What it says is measured, not nothing.
    expect(sizes[0]).toBeGreaterThan(0.1);
    expect(sizes.at(-1)).toBeGreaterThan(sizes[1]);
  });
});
