/** Progress in a log: what a terminal shows as a bar are lines, and few of them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../src/cli/terminal/progress.js';

let written: string[] = [];
let now = 0;
beforeEach(() => {
  [written, now] = [[], 0];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.stubGlobal('process', Object.assign(process, {}));
  process.stderr.isTTY = false;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('progress', () => {
  it('is a line every five seconds, with the time that is left', () => {
    const progress = new Progress('Training', 100, 'steps');
    for (let step = 1; step <= 20; step++) {
      now += 500;
      progress.update(step, `loss 1.${step}`);
    }
    expect(written.join('')).toBe(
      'Training 10/100 steps loss 1.10 ETA 0:45\nTraining 20/100 steps loss 1.20 ETA 0:40\n',
    );
  });

  it('keeps its note, and ends with what was done', () => {
    const progress = new Progress('Reading', 3, '');
    now = 1500;
    progress.update(2, 'a.png');
    progress.update(3);
    expect(written).toEqual([]);
    progress.end();
    progress.end();
    expect(written.join('')).toBe('Reading 3/3 a.png in 0:02\n');
    expect(progress.over).toBe(true);
  });

  it('of what was brief is not worth a line', () => {
    const progress = new Progress('Opening', 1, '');
    now = 900;
    progress.update(1);
    progress.end();
    expect(written).toEqual([]);
  });

  it('says hours where it takes hours, and shows no control characters', () => {
    const progress = new Progress('Tr\u001b[31mained', 2, 'epochs');
    now = 3_723_000;
    progress.update(1);
    expect(written.join('')).toMatch(/ 1\/2 epochs {2}ETA 1:02:03\n$/);
    expect(written.join('')).not.toContain('\u001b');
  });
});
