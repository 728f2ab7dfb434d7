import { describe, expect, it } from 'vitest';
import { compilerMessages } from '../../src/lab/compilerMessages.js';
import { labTemplate } from '../../src/lab/operations.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { CONV } from './labCases.js';

const gpu = await testGpu();

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
