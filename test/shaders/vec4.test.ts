import { describe, expect, it } from 'vitest';
import { places, scalarAndVec4, unitOf } from '../../src/shaders/vec4.js';

const TEXT = `// alias Real = f32; in a comment
alias Real = f32;
alias Whole = u32;
alias Truth = bool;
alias Other = f32;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Real>;
`;

describe('one text for single values and for four at once', () => {
  it('is the naive variant as it stands, and vec4 with other aliases', () => {
    const { naive, vec4 } = scalarAndVec4('op.name', TEXT);
    expect([naive.name, vec4.name]).toEqual(['op.name.naive', 'op.name.vec4']);
    expect(naive.source).toBe(TEXT);
    const changed = vec4.source.split('\n').filter((line, i) => line !== TEXT.split('\n')[i]);
    expect(changed).toEqual(['alias Real = vec4f;', 'alias Whole = vec4u;', 'alias Truth = vec4<bool>;']);
    expect(vec4.bindings).toEqual(naive.bindings);
  });

  it('refuses a text without the alias, which would be the same kernel twice', () => {
    expect(() => scalarAndVec4('op.name', TEXT.replaceAll('Real', 'Number'))).toThrow(
      /op\.name has no line "alias Real = f32;"/,
    );
  });

  it('counts in vec4s there', () => {
    expect([unitOf('naive'), unitOf('vec4')]).toEqual([1, 4]);
    const x = { pixelStride: 64, channelOffset: 12 } as Parameters<typeof places>[1][string];
    expect(places(1, { x })).toEqual({ xPixelStride: 64, xOffset: 12 });
    expect(places(4, { x })).toEqual({ xPixelStride: 16, xOffset: 3 });
  });
});
