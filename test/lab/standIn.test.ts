import { describe, expect, it } from 'vitest';
import { hostConstants } from '../../src/lab/geometry.js';
import { builtIn } from '../../src/lab/operations.js';
import { likeOf } from '../../src/lab/standIn.js';
import { userShader } from '../../src/lab/userShader.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { CONV } from './labCases.js';

const gpu = await testGpu();

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
      /constant PIXELS, which the host sets, is missing: a line const PIXELS: u32 = 4;[\s\S]*like naive with `like`\.$/,
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
