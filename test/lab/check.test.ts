import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { Kernel } from '../../src/engine/plan/kernel.js';
import { Lab, type Verdict } from '../../src/lab/check.js';
import { compilerMessages } from '../../src/lab/compilerMessages.js';
import { geometriesOf, hostConstants } from '../../src/lab/geometry.js';
import {
  builtIn,
  type LabOperation,
  labOperation,
  labOperationNames,
  labTemplate,
} from '../../src/lab/operations.js';
import { compareBest, type LabRaceRow, raceOn } from '../../src/lab/race.js';
import { likeOf } from '../../src/lab/standIn.js';
import { userKernel, userShader } from '../../src/lab/userShader.js';
import type { CheckCase } from '../../src/shaders/checkCase.js';
import { ALL_KERNELS } from '../../src/shaders/registry.js';

let gpu: Gpu;
let lab: Lab;
beforeAll(async () => {
  gpu = (await openNodeGpu()).gpu;
  lab = new Lab(gpu);
});
afterAll(() => {
  expect(gpu.allocatedBytes).toBe(0);
  gpu.dispose();
});

const CONV = labOperation('conv1x1.forward');

function caseOf({ cases }: LabOperation, title: string): CheckCase {
  const found = cases.find((check) => check.title === title);
  if (!found) throw new Error(`no case ${title}`);
  return found;
}

/** A text as the runner of one case. */
function runnerOf(operation: LabOperation, check: CheckCase, text: string, wanted?: string) {
  const file = userShader('mine.wgsl', text);
  const like = likeOf(operation, file, hostConstants(gpu, operation), wanted);
  const [geometry] = geometriesOf(gpu, check, like);
  return { name: file.name, replaces: like.kernel, kernel: userKernel(operation, file), geometry };
}

/** The naive 1x1 convolution with another last line, on one case. */
async function naiveEnding(last: string, title: string): Promise<Verdict> {
  const source = labTemplate(CONV, 'naive');
  const store = '  y[pixel * params.yPixelStride + params.yOffset + co] = sum;';
  expect(source).toContain(store);
  const check = caseOf(CONV, title);
  return lab.check(check, runnerOf(CONV, check, source.replace(store, last)));
}

describe('operations', () => {
  it('are all those of the library, convolutions by their window too', () => {
    const names = labOperationNames();
    expect(names).toEqual(expect.arrayContaining([...new Set(ALL_KERNELS.map(({ op }) => op))]));
    expect(names).toEqual(
      expect.arrayContaining(['conv1x1.forward', 'conv3x3.backwardData', 'conv7x7.backwardWeights']),
    );
    expect(names).not.toContain('conv7x7.backwardData');
    for (const name of names) expect(labOperation(name).cases.length, name).toBeGreaterThan(0);
  });

  it('restricted to a window have only its shapes', () => {
    expect(labOperation('conv3x3.backwardData').cases.every(({ title }) => title.startsWith('3x3'))).toBe(
      true,
    );
    expect(CONV.cases.length).toBeLessThan(labOperation('conv.forward').cases.length);
  });

  it('that do not exist are refused, with those near', () => {
    expect(() => labOperation('conv5x5.forward')).toThrow(
      /no operation "conv5x5\.forward".*conv3x3\.forward/,
    );
    expect(() => labOperation('softmax')).toThrow(/The operations are .*loss\.softmax/);
    expect(() => builtIn(CONV, 'fast')).toThrow(/no variant "fast" of conv\.forward.*naive, tiledScalar/);
  });
});

describe('templates', () => {
  const ops = [...new Set(ALL_KERNELS.map(({ op }) => op))];

  it.each(ops)('of %s fit, and get the constants of their own variant', (op) => {
    const operation = labOperation(op);
    const constantsOf = hostConstants(gpu, operation);
    for (const kernel of operation.kernels) {
      const set = constantsOf(kernel);
      // Kernels for hardware that this adapter does not have.
      if (!set) continue;
      const file = userShader('mine.wgsl', labTemplate(operation, kernel.variant));
      expect(likeOf(operation, file, constantsOf).kernel).toBe(kernel);
      expect([...set].filter((name) => !kernel.declared.constants.has(name))).toEqual([]);
      const unnamed = userShader('mine.wgsl', kernel.source);
      const near = likeOf(operation, unnamed, constantsOf).kernel;
      const types = ({ declared }: Kernel) =>
        declared.bindings.map(({ name, type }) => `${name}: ${type}`).sort();
      expect(types(near)).toEqual(types(kernel));
    }
  });

  it.each([
    ['reduce.slices', 'vec4'],
    ['conv3x3.forward', 'tiled'],
    ['conv1x1.backwardWeights', 'tiled'],
    ['batchnorm.statistics', 'vec4'],
    ['adam.step', 'vec4'],
    ['preprocess.moments', 'naive'],
    ['pool.maxForward', 'naive'],
    ['loss.sum', 'naive'],
  ])('of %s.%s are right as they are', async (name, variant) => {
    const operation = labOperation(name);
    const small = operation.cases.filter(({ race }) => !race);
    let ran = 0;
    for (const check of small) {
      const runner = runnerOf(operation, check, labTemplate(operation, variant));
      if (!runner.geometry) continue;
      ran++;
      expect(await lab.check(check, runner), check.title).toMatchObject({ ok: true });
    }
    expect(ran).toBeGreaterThan(0);
  });
});

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
    const verdict = await lab.check(check, runnerOf(CONV, check, source));
    expect(verdict).toMatchObject({
      ok: false,
      tensors: [],
      error: expect.stringMatching(/workgroup|invocations/i),
    });
    const right = await lab.check(check, runnerOf(CONV, check, labTemplate(CONV, 'naive')));
    expect(right.ok).toBe(true);
  });
});

describe('a kernel that does not fit', () => {
  const refusal = (change: (source: string) => string, wanted?: string) => {
    const file = userShader('mine.wgsl', change(builtIn(CONV, 'tiled').source));
    try {
      likeOf(CONV, file, hostConstants(gpu, CONV), wanted);
    } catch (error) {
      return (error as Error).message;
    }
    return 'it fits';
  };

  it('says which binding is missing and what is there', () => {
    const message = refusal((s) => s.replace(/^.*> weights:.*$/m, ''));
    expect(message).toMatch(/mine\.wgsl is nearest to, but cannot stand in for conv\.forward\.tiled:/);
    expect(message).toMatch(/binding weights is missing: .*var<storage, read> weights: array<vec4f>;/);
    expect(message).toMatch(/mine\.wgsl has: bindings params .*x \(read, array<vec4f>\)/);
    expect(message).toMatch(/--template tiled/);
  });

  it('does not take a declaration in a comment for one', () => {
    expect(refusal((s) => s.replace(/^(.*> weights:.*)$/m, '// $1'))).toMatch(/binding weights is missing/);
    expect(refusal((s) => s.replace(/^(const PIXELS.*)$/m, '/*\n$1\n*/'))).toMatch(/constant PIXELS/);
  });

  it('says what has another access, name or type', () => {
    expect(refusal((s) => s.replace('<storage, read_write> y', '<storage, read> y'))).toMatch(
      /binding y is var<storage, read>, has to be var<storage, read_write> y/,
    );
    expect(refusal((s) => s.replace('read> x:', 'read> input:'))).toMatch(
      /binding x is missing[\s\S]*binding input is not known/,
    );
    expect(refusal((s) => s.replace(' yOffset: u32', ' yOffset: i32'))).toMatch(
      /field yOffset of Params is i32, has to be u32/,
    );
    expect(refusal((s) => s.replace('batch: u32,', ''))).toMatch(/field batch: u32 of Params is missing/);
    expect(refusal((s) => s.replace('batch: u32,', 'batch: u32, more: f32,'))).toMatch(
      /field more of Params/,
    );
    expect(refusal((s) => s.replace('@group(0) @binding(1)', '@binding(1) @group(0)'))).toMatch(
      /1 of its bindings cannot be read/,
    );
  });

  it('says which constant of the host is missing', () => {
    expect(refusal((s) => s.replace('const PIXELS: u32 = 4;', 'const PIXELS = 4u;'))).toMatch(
      /constant PIXELS, which the host sets, is missing: a line const PIXELS: u32 = 4;[\s\S]*like naive with --like\.$/,
    );
  });

  it('is judged by the variant that is asked for', () => {
    expect(refusal((s) => s, 'tiled')).toBe('it fits');
    expect(refusal((s) => s.replace(/^const PIXELS.*$/m, ''), 'tiled')).toMatch(
      /stand in for conv\.forward\.tiled:/,
    );
    expect(refusal((s) => `// like: quick\n${s}`)).toMatch(/no variant "quick"/);
    expect(refusal((s) => `// like: quick\n${s}`, 'tiled')).toBe('it fits');
    expect(refusal((s) => s, 'tiled PIXELS')).toMatch(/"PIXELS" in "like: tiled PIXELS" is not understood/);
  });
});

describe('the compiler', () => {
  it('names the place in the file', async () => {
    const lines = labTemplate(CONV, 'naive').split('\n');
    const line = lines.findIndex((text) => text.includes('var sum = 0.0;'));
    lines[line] = '  var sum = zero;';
    const messages = await compilerMessages(gpu, 'mine.wgsl', lines.join('\n'));
    expect(messages).toEqual([
      { type: 'error', line: line + 1, column: 13, length: 4, text: expect.stringContaining('zero') },
    ]);
    expect(await compilerMessages(gpu, 'mine.wgsl', labTemplate(CONV, 'naive'))).toEqual([]);
  });
});

describe('a race', () => {
  it('has a row for everybody, and leaves out the time of who is wrong', async () => {
    const check = caseOf(CONV, '1x1 no prologue');
    const right = runnerOf(CONV, check, labTemplate(CONV, 'naive'));
    const wrong = runnerOf(CONV, check, labTemplate(CONV, 'naive').replace('] = sum;', '] = sum + 1.0;'));
    const [geometry] = geometriesOf(gpu, check, { kernel: builtIn(CONV, 'tiled'), tile: {} });
    const tiled = { name: 'tiled', replaces: builtIn(CONV, 'tiled'), geometry };
    const rows = await raceOn(lab, check, [right, { ...wrong, name: 'bad' }, tiled], {
      peaks: { gflops: 1e9, gbs: 1e9 },
    });
    expect(rows.map(({ name, own }) => [name, own])).toEqual([
      ['mine.wgsl', true],
      ['bad', true],
      ['tiled', false],
    ]);
    expect(rows[1]).toMatchObject({ ms: 0, samples: [], wrong: { ok: false } });
    for (const row of [rows[0], rows[2]]) {
      expect(row.ms).toBeGreaterThan(0);
      expect(row.samples.length).toBeGreaterThan(1);
      // 2 FLOPs for each of [1,7,3] pixels, 20 channels in and 12 out.
      expect(row.gflops * row.ms * 1e6).toBeCloseTo(2 * 21 * 20 * 12, 3);
      expect(row.ofPeak).toBeCloseTo(Math.max(row.gflops, row.gbs) / 1e9, 12);
    }
  });

  it('ends when it is told to', async () => {
    const check = caseOf(CONV, '1x1 no prologue');
    const controller = new AbortController();
    const race = raceOn(lab, check, [runnerOf(CONV, check, labTemplate(CONV, 'naive'))], {
      signal: controller.signal,
      onStep: (what) => what.startsWith('round') && controller.abort(new Error('enough')),
    });
    await expect(race).rejects.toThrow('enough');
  });

  it('is decided round by round', () => {
    const row = (name: string, own: boolean, samples: number[]) =>
      ({
        name,
        own,
        samples,
        ms: [...samples].sort((a, b) => a - b)[samples.length >> 1],
      }) as unknown as LabRaceRow;
    // The machine slows down by ten half-way; the ratio stays.
    const mine = row('mine', true, [1, 1, 1, 10, 10, 10, 10]);
    const rows = [
      mine,
      row('tiled', false, [2, 2, 2, 20, 20, 20, 30]),
      row('naive', false, [9, 9, 9, 90, 90, 90, 90]),
    ];
    expect(compareBest(rows)).toEqual({ rival: 'tiled', speedup: 2, low: 2, high: 2 });
    expect(compareBest([mine])).toBeNull();
    expect(compareBest(rows.slice(1))).toBeNull();
  });
});
