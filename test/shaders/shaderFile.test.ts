import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ALL_KERNELS } from '../../src/shaders/registry.js';
import { shaderFile } from '../../src/shaders/shaderFile.js';

const root = new URL('../../', import.meta.url);
const withoutWidth = (text: string) => text.replaceAll(/^alias \w+ = .*$/gm, '');

it('names the file in which every kernel stands', () => {
  for (const kernel of ALL_KERNELS) {
    const text = readFileSync(new URL(shaderFile(kernel), root), 'utf8');
    expect(withoutWidth(kernel.source), kernel.name).toBe(withoutWidth(text));
  }
});
