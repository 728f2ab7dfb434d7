import { describe, expect, it } from 'vitest';
import { compilerText, wrongText } from '../../../src/cli/lab/format.js';

describe('the words of the lab', () => {
  it('put the caret below its character, tabs or not', () => {
    const message = { type: 'error', line: 2, column: 3, length: 4, text: 'no such name' } as const;
    expect(compilerText('a.wgsl', 'fn\n\t\tzero;\n', [message])).toBe(
      'a.wgsl:2:3: error: no such name\n  \t\tzero;\n  \t\t^^^^',
    );
    const nowhere = { ...message, line: 0 };
    expect(compilerText('a.wgsl', '', [nowhere])).toBe('a.wgsl: error: no such name');
  });

  it('tell the worst element apart from the first ones', () => {
    const element = (index: number, ratio: number) =>
      ({ index, got: 1.5, want: 1, ratio, at: [0, 0, 0, index] }) as const;
    const text = wrongText({
      title: 'a shape',
      shape: '[1,1,1,9]',
      ok: false,
      tensors: [
        {
          tensor: 'y',
          elements: 9,
          off: 3,
          notFinite: 1,
          unwritten: 1,
          worst: element(8, Number.POSITIVE_INFINITY),
          first: [element(0, 12345.6)],
          spilled: [0, 0, 0, 12],
        },
      ],
    });
    expect(text.split('\n').map((line) => line.trim())).toEqual([
      'WRONG on a shape, [1,1,1,9]:',
      '3 of 9 elements of y are off (1 never written, 1 NaN or infinite)',
      expect.stringMatching(/^element/),
      expect.stringMatching(/^y\[0,0,0,0\] +1\.500000 +1 +12346$/),
      expect.stringMatching(/^y\[0,0,0,8\] +1\.500000 +1 +-$/),
      '(the first ones, and the worst)',
      'it wrote outside the channels of y, first at [0,0,0,12] of the buffer around it',
    ]);
  });
});
