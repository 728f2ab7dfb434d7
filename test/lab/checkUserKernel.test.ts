import { describe, expect, it } from 'vitest';
import { Lab, type Verdict } from '../../src/lab/checkUserKernel.js';
import { labTemplate } from '../../src/lab/operations.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { CONV, caseOf, runnerOf } from './labCases.js';

const gpu = await testGpu();
const lab = new Lab(gpu);

/** The naive 1x1 convolution with another last line, on one case. */
async function naiveEnding(last: string, title: string): Promise<Verdict> {
  const source = labTemplate(CONV, 'naive');
  const store = '  y[pixel * params.yPixelStride + params.yOffset + co] = sum;';
  expect(source).toContain(store);
  const check = caseOf(CONV, title);
  return lab.check(check, runnerOf(gpu, CONV, check, source.replace(store, last)));
}

describe('a kernel that is wrong', () => {
  const store = (value: string) => `  y[pixel * params.yPixelStride + params.yOffset + co] = ${value};`;

  it('in some elements: how many, the first, the worst', async () => {
    // [2,3,5,9], so pixel 17 is [1,0,2] and 18 is [1,0,3].
    const factor =
      'select(1.0, select(2.0, 100.0, pixel == 18u), co == 4u && (pixel == 17u || pixel == 18u))';
    const verdict = await naiveEnding(store(`sum * ${factor} + ${factor} - 1.0`), '1x1 odd channels');
    expect(verdict.ok).toBe(false);
    const [y] = verdict.tensors;
    expect(y).toMatchObject({
      tensor: 'y',
      elements: 2 * 3 * 5 * 9,
      off: 2,
      notFinite: 0,
      unwritten: 0,
      spilled: null,
    });
    expect(y.first.map(({ at }) => at)).toEqual([
      [1, 0, 2, 4],
      [1, 0, 3, 4],
    ]);
    const [first] = y.first;
    expect(first.got).toBeCloseTo(2 * first.want + 1, 4);
    expect(y.worst.at).toEqual([1, 0, 3, 4]);
    expect(y.worst.ratio).toBeGreaterThan(1);
  });

  it('as it never writes some elements', async () => {
    const verdict = await naiveEnding(`if (co != 1u) { ${store('sum')} }`, '1x1 odd channels');
    expect(verdict.tensors[0]).toMatchObject({ off: 30, unwritten: 30, notFinite: 0 });
    expect(verdict.tensors[0].first[0].got).toBeNaN();
  });

  it('as it leaves NaN', async () => {
    const nan = 'sqrt(-1.0 - abs(sum))';
    const verdict = await naiveEnding(store(`select(sum, ${nan}, co == 1u)`), '1x1 odd channels');
    expect(verdict.tensors[0]).toMatchObject({ off: 30, unwritten: 0, notFinite: 30 });
  });

  it('as it writes outside its channels, though every element is right', async () => {
    const spill = 'if (pixel == 6u) { y[pixel * params.yPixelStride + params.yOffset - 1u] = 7.0; }';
    // y lies in channels 4 to 52 of 56; pixel 6 of [3,5,7] is [0,0,6].
    const verdict = await naiveEnding(`${store('sum')} ${spill}`, '1x1 slice of a block');
    expect(verdict.ok).toBe(false);
    expect(verdict.tensors[0]).toMatchObject({ off: 0, spilled: [0, 0, 6, 3] });
  });

  it('to the driver is an error of that case, and the device goes on', async () => {
    const check = caseOf(CONV, '1x1 odd channels');
    const source = labTemplate(CONV, 'naive').replace(
      '@workgroup_size(WORKGROUP)',
      '@workgroup_size(1u << 20u)',
    );
    const verdict = await lab.check(check, runnerOf(gpu, CONV, check, source));
    expect(verdict).toMatchObject({
      ok: false,
      tensors: [],
      error: expect.stringMatching(/workgroup|invocations/i),
    });
    const right = await lab.check(check, runnerOf(gpu, CONV, check, labTemplate(CONV, 'naive')));
    expect(right.ok).toBe(true);
  });
});
