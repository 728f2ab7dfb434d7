import { describe, expect, it } from 'vitest';
import { readDeclarations } from '../../../src/engine/wgsl/declarations.js';

const SHADER = `enable f16;
  enable subgroups;
const PIXELS: u32 = 4; // a tile
const PIXELS4: u32 = PIXELS / 4;
const HALF: bool = false;
alias Result = f32;
struct Params { batch: u32, /* of images */ rate: f32, }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0)
@binding(2) var<storage,read_write> y : array<Result>;
var<workgroup> shared_rows: array<f32, 64>;
fn main() { const local: u32 = 1; }`;

describe('the declarations of a shader', () => {
  it('are read with their places', () => {
    const { enables, constants, aliases, bindings, params, unreadableBindings } = readDeclarations(SHADER);
    expect([...enables]).toEqual(['f16', 'subgroups']);
    expect([...constants.values()].map(({ name, type, value }) => `${name} ${type} ${value}`)).toEqual([
      'PIXELS u32 4',
      'PIXELS4 u32 PIXELS / 4',
      'HALF bool false',
    ]);
    const { from, to } = constants.get('PIXELS')!;
    expect(SHADER.slice(from, to)).toBe('const PIXELS: u32 = 4;');
    const result = aliases.get('Result')!;
    expect(result.type).toBe('f32');
    expect(SHADER.slice(result.from, result.to)).toBe('alias Result = f32;');
    expect(bindings).toEqual([
      { name: 'params', index: 0, access: 'uniform', type: 'Params' },
      { name: 'x', index: 1, access: 'read', type: 'array<vec4f>' },
      { name: 'y', index: 2, access: 'read_write', type: 'array<f32>' },
    ]);
    expect(unreadableBindings).toBe(0);
    expect(params).toEqual(
      new Map([
        ['batch', 'u32'],
        ['rate', 'f32'],
      ]),
    );
  });

  it('are not those that stand in comments, also where one is not closed', () => {
    const names = (source: string) => [...readDeclarations(source).constants.keys()];
    expect(names('/* const A: u32 = 1; */\nconst B: u32 = 2;')).toEqual(['B']);
    expect(names('/*\nconst A: u32 = 1;\n*/\nconst B: u32 = 2;')).toEqual(['B']);
    expect(names('const A: u32 = 1;\n/*\nconst B: u32 = 2;')).toEqual(['A']);
    expect(readDeclarations('// @group(0) @binding(0) var<uniform> params: Params;')).toMatchObject({
      bindings: [],
      unreadableBindings: 0,
      params: null,
    });
  });

  it('are counted where they cannot be read', () => {
    expect(readDeclarations('@binding(1) @group(0) var<storage> x: array<f32>;').unreadableBindings).toBe(1);
  });

  it('take time in proportion to the text, whatever it holds', () => {
    // Reading that went back over the text would take n times as long for n times the text: hours here.
    for (const part of ['\n', '/*', '//', ' ', '@group(0)', 'const a: u32 = ', 'enable ', 'alias a = ']) {
      const { bindings, constants } = readDeclarations(part.repeat(200_000 / part.length));
      expect([bindings.length, constants.size], part).toEqual([0, 0]);
    }
  });
});
