/** What the Explorer's debugger is made of: differences of texts, pictures of buffers, its place in the address. */
import { describe, expect, it } from 'vitest';
import { shaderTexts } from '../../../scripts/package/shaders.mjs';
import { ALL_KERNELS } from '../../../src/shaders/registry.js';
import { shaderFile } from '../../../src/shaders/shaderFile.js';
import { indexOf, nameOf, picturesOf, viewOf } from '../../../web/pages/explorer/debugger/bufferView.js';
import {
  nextStop,
  readDebugger,
  toggled,
  writeDebugger,
} from '../../../web/pages/explorer/debugger/debuggerPlace.js';
import { DebugRun } from '../../../web/pages/explorer/debugger/debugRun.js';
import { folded, lineDiff, sideBySide } from '../../../web/pages/explorer/debugger/lineDiff.js';
import { duration, factsOf, sourceOf } from '../../../web/pages/explorer/debugger/rates.js';
import {
  headOf,
  naiveFile,
  type ShaderTexts,
  withoutHead,
} from '../../../web/pages/explorer/debugger/shaderTexts.js';
import type { DebuggedDispatch, Look, LookAsked } from '../../../web/pages/explorer/debugger/types.js';

const TEXTS = JSON.parse(shaderTexts()) as ShaderTexts;

describe('lineDiff', () => {
  it('keeps both texts whole, and their common lines in order', () => {
    const left = 'a\nb\nc\nd\ne\n';
    const right = 'a\nx\nc\ne\nf\n';
    const lines = lineDiff(left, right);
    const side = (without: string) =>
      lines
        .filter(({ kind }) => kind !== without)
        .map(({ text }) => text)
        .join('\n');
    expect([side('right'), side('left')]).toEqual([left.trimEnd(), right.trimEnd()]);
    expect(lines.filter(({ kind }) => kind === 'both').map(({ text }) => text)).toEqual(['a', 'c', 'e']);
    expect(lines.map(({ left: l, right: r }) => [l, r])).toEqual([
      [1, 1],
      ...[
        [2, 0],
        [0, 2],
      ],
      [3, 3],
      [4, 0],
      [5, 4],
      [0, 5],
    ]);
  });

  it('puts changed lines beside each other, and folds what is the same', () => {
    const same = Array.from({ length: 10 }, (_, i) => `line ${i}`);
    const rows = folded(sideBySide(lineDiff([...same, 'old'].join('\n'), [...same, 'new'].join('\n'))));
    expect(rows[0]).toBe(7);
    expect(rows).toHaveLength(1 + 3 + 1);
    expect(rows.at(-1)).toMatchObject({ left: { text: 'old' }, right: { text: 'new' } });
    expect(folded(sideBySide(lineDiff('a\nb', 'a\nb')))).toEqual([2]);
  });
});

describe('texts of the shaders', () => {
  it('are there for every kernel, each with a naive one that says what it computes', () => {
    for (const kernel of ALL_KERNELS) {
      const file = shaderFile(kernel);
      expect(Object.keys(TEXTS), kernel.name).toContain(file);
      const naive = TEXTS[naiveFile(file)];
      expect(naive, file).toBeDefined();
      const { title, formula } = headOf(naive);
      expect(title.length, file).toBeGreaterThan(20);
      expect(formula.length, file).toBeGreaterThan(0);
      expect(withoutHead(naive)).not.toMatch(/^\/\//);
      expect(withoutHead(naive)).toContain('fn main');
    }
  });
});

describe('a buffer as pictures', () => {
  it.each([
    ['block2', [1, 4, 6, 8], 'map', 4, 6, 8, 1],
    ['conv1/conv', [2, 4, 4, 8], 'map', 4, 4, 8, 2],
    ['conv1/conv/kernel weights', [7, 5, 3, 8], 'kernel', 7, 5, 8, 3],
    ['conv/kernel gradients', [1, 1, 16, 8], 'matrix', 16, 8, 1, 1],
    ['bn affine', [1, 1, 2, 16], 'matrix', 2, 16, 1, 1],
    ['logits', [1, 1, 1, 14], 'vector', 1, 14, 1, 1],
    ['weights', [1, 1, 1, 5000], 'vector', 32, 32, 1, 5],
  ])('%s %j is a %s', (label, shape, kind, rows, columns, planes, sets) => {
    const view = viewOf(label, shape);
    expect(view).toMatchObject({ kind, rows, columns, planes, sets });
    const count = shape.reduce((a, b) => a * b, 1);
    const seen = new Set<number>();
    for (let set = 0; set < sets; set++)
      for (let plane = 0; plane < planes; plane++)
        for (let row = 0; row < rows; row++)
          for (let column = 0; column < columns; column++)
            seen.add(indexOf(view, { set, plane, row, column }));
    // Every number once; the last page may have room.
    expect([...seen].filter((index) => index < count)).toHaveLength(count);
    const values = Float32Array.from({ length: count }, (_, i) => i + 1);
    const [last] = [Math.min(planes, 2) - 1];
    const at = indexOf(view, { set: sets - 1, plane: last, row: 0, column: 0 });
    expect(picturesOf(view, values, sets - 1, last, 1)[0]).toBe(at + 1);
  });

  it('has names for its numbers', () => {
    expect(nameOf([1, 4, 6, 8], 0)).toBe('[0,0,0,0]');
    expect(nameOf([1, 4, 6, 8], (3 * 6 + 2) * 8 + 5)).toBe('[0,3,2,5]');
  });
});

describe('the place of the debugger', () => {
  it('comes back from the address, and leaves what others keep there', () => {
    const more = { cam: '3' };
    const there = writeDebugger(more, { at: 12, step: 11, breaks: [31, 20], buffer: 'y', text: 'differs' });
    expect(there).toEqual({ cam: '3', at: '12', step: '11', breaks: '31+20', buffer: 'y', text: 'differs' });
    expect(readDebugger(there)).toMatchObject({ plan: 'train', at: 12, breaks: [20, 31], text: 'differs' });
    expect(writeDebugger(there, { at: 0, step: 0, breaks: [], buffer: '', text: 'formula' })).toEqual(more);
    expect(readDebugger({ at: '-1', breaks: 'a+3+3', text: 'none', plan: 'x' })).toMatchObject({
      ...{ at: 0, breaks: [3], text: 'formula', plan: 'train' },
    });
  });

  it('runs to the next break, else to the end', () => {
    expect([0, 20, 31, 40].map((at) => nextStop(at, [20, 31], 54))).toEqual([20, 31, 54, 54]);
    expect(toggled(toggled([5], 3), 5)).toEqual([3]);
  });
});

describe('what the page knows of the plan', () => {
  const buffers = ['x', 'y'].map((binding) => ({
    binding,
    label: binding,
    shape: [1, 2, 2, 1],
    writes: false,
  }));
  const shown = { index: 0, buffers } as unknown as DebuggedDispatch;
  const place = (change: object) => ({ ...readDebugger({}), ...change });

  /** A worker that answers at once, and refuses once what it is told to. */
  function followed() {
    const refused = new Set<string>();
    const calls: string[] = [];
    const answers: Record<string, (asked: never) => unknown> = {
      debugOpen: () => ({ dispatches: [shown, shown], clock: 'wall' }),
      debugPeaks: () => null,
      debugRun: ({ count }: { count: number }) => ({ at: count, times: [] }),
      debugLook: ({ label }: LookAsked) => ({ takenBy: label }),
    };
    const call = async (name: string, asked: never) => {
      calls.push(name);
      if (refused.delete(name)) throw new Error(`no ${name}`);
      return answers[name](asked);
    };
    const session = { opened: {}, worker: { call } };
    const run = new DebugRun(session as never, () => {});
    const follow = async (change: object) => {
      for (let i = 0; i < 8; i++) {
        run.follow(place(change), run.opened ? shown : null);
        await new Promise((done) => setImmediate(done));
      }
    };
    const lookOf = (change: object): Look | null => run.lookOf(place(change), shown);
    return { run, session, refused, calls, follow, lookOf };
  }

  it('gives out only what was read of the buffer and at the point that are shown', async () => {
    const { run, follow, lookOf } = followed();
    await follow({ at: 1, buffer: 'x' });
    expect(lookOf({ at: 1, buffer: 'x' })).toEqual({ takenBy: 'x' });
    expect([lookOf({ buffer: 'y' }), lookOf({ buffer: 'x', set: 1 })]).toEqual([null, null]);
    run.follow(place({ at: 2, buffer: 'x' }), shown);
    await follow({ at: 2, buffer: 'y' });
    expect([lookOf({ buffer: 'x' }), lookOf({ buffer: 'y' })]).toEqual([null, { takenBy: 'y' }]);
  });

  it('goes on after an error, at another place', async () => {
    const { run, refused, calls, follow, lookOf } = followed();
    refused.add('debugOpen');
    await follow({ at: 1 });
    expect([run.failure, run.opened, calls]).toEqual(['no debugOpen', null, ['debugOpen']]);
    refused.add('debugRun');
    await follow({ at: 2 });
    expect([run.failure, run.total, run.at]).toEqual(['no debugRun', 2, 0]);
    await follow({ at: 1, buffer: 'x' });
    expect([run.failure, run.at, lookOf({ buffer: 'x' })]).toEqual(['', 1, { takenBy: 'x' }]);
    refused.add('debugPeaks');
    run.measurePeaks();
    await follow({ at: 1, buffer: 'y' });
    expect(run.peaksFailure).toContain('no debugPeaks');
    expect([run.failure, lookOf({ buffer: 'y' })]).toEqual(['', { takenBy: 'y' }]);
  });

  it('knows nothing of the picture before once another opens', async () => {
    const { run, session, follow } = followed();
    await follow({ at: 1 });
    session.opened = null as never;
    await follow({ at: 1 });
    expect([run.opened, run.at]).toEqual([null, -1]);
    session.opened = {};
    await follow({ at: 1 });
    expect([run.total, run.at]).toEqual([2, 1]);
  });
});

describe('figures of a dispatch', () => {
  const dispatch = {
    ...{ shape: '[1,8]', workgroups: [2, 3, 1], flops: 2e6, bytesRead: 1e6, bytesWritten: 5e5 },
  } as unknown as DebuggedDispatch;
  const facts = (...given: Parameters<typeof factsOf> extends [unknown, ...infer R] ? R : never) =>
    Object.fromEntries(factsOf(dispatch, ...given).map(({ what, value }) => [what, value]));

  it('say what is known, and why something is not', () => {
    expect(facts(undefined, null, 'gpu')).toMatchObject({
      Workgroups: '2 x 3 x 1 = 6',
      'Reads at least': '1.00 MB',
      'Time of this run': 'not run yet',
      'Share of peak': 'known once it ran',
    });
    expect(facts(1e6, null, 'gpu')).toMatchObject({ 'Share of peak': 'peak not measured yet' });
    expect(facts(65_536, { gflops: 10, gbs: 10 }, 'rounded')['Share of peak']).toContain('too short');
    // 2e6 FLOPs in 1 ms are 2 GFLOP/s; 1.5 MB are 1.5 GB/s, nearer to their peak.
    expect(facts(1e6, { gflops: 20, gbs: 3 }, 'gpu')).toMatchObject({
      Rate: '2.00 GFLOP/s, 1.50 GB/s',
      'Share of peak': '50 % of what the adapter can move',
    });
  });

  it('tell a rounded clock', () => {
    expect(sourceOf('gpu', [65_536, 0, 131_072])).toBe('rounded');
    expect(sourceOf('gpu', [65_536, 12])).toBe('gpu');
    expect(sourceOf('wall', [65_536])).toBe('wall');
    expect([0, 12_300, 2.5e6, 3e9].map(duration)).toEqual(['< 66 µs', '12.3 µs', '2.50 ms', '3.00 s']);
  });
});
