import { describe, expect, it } from 'vitest';
import { Kernel } from '../../../src/engine/plan/kernel.js';
import { readDeclarations } from '../../../src/engine/wgsl/declarations.js';
import { specialise } from '../../../src/engine/wgsl/specialise.js';

const SHADER = `// const ROWS: u32 = 9;
const ROWS: u32 = 2;
const TWICE: u32 = ROWS * 2;
const RATE: f32 = 0.5;
const ON: bool = false;
fn main() { /*unroll*/ for (var i = 0u; i < TWICE; i++) { y[i] = x[i]; } }`;

const special = (constants: Record<string, number>) =>
  specialise(SHADER, readDeclarations(SHADER), constants).split('\n');

describe('a specialised shader', () => {
  it('has the given constants in the place of its own, and none in its comments', () => {
    const lines = special({ ROWS: 1, RATE: 3, ON: 1 });
    expect(lines.slice(0, 5)).toEqual([
      '',
      'const ROWS: u32 = 1;',
      'const TWICE: u32 = ROWS * 2;',
      'const RATE: f32 = 3.0;',
      'const ON: bool = true;',
    ]);
  });

  it('has its loops unrolled by the constants that follow from them', () => {
    expect(
      special({ ROWS: 1 })
        .join('\n')
        .match(/y\[\du\]/g),
    ).toEqual(['y[0u]', 'y[1u]']);
    expect(
      special({})
        .join('\n')
        .match(/y\[\du\]/g),
    ).toHaveLength(4);
  });

  it('is refused for a constant that is not declared, and one with fields that are no scalars', () => {
    expect(() => new Kernel('test.op', 'naive', SHADER).specialise({ COLUMNS: 1 })).toThrow(
      /no constant COLUMNS/,
    );
    const wide = new Kernel('test.op', 'naive', 'struct Params { size: vec2u }');
    expect(() => wide.packParams({ size: 1 })).toThrow(/the parameter size is vec2u/);
  });
});
