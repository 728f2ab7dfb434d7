/** The loader pass that turns constant loops into lines and small arrays into variables. */
import { describe, expect, it } from 'vitest';
import { GpuError } from '../../../src/core/errors.js';
import { evaluate, unroll } from '../../../src/engine/wgsl/unroll.js';

const CONSTANTS = new Map([
  ['PIXELS', 3],
  ['OUT4', 2],
]);
const lines = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('unroll', () => {
  it('repeats a marked loop, the loops in it too, with numbers for the variables', () => {
    const text = `/*unroll*/ for (var i = 0u; i < PIXELS - 1; i++) { a(i);
      /*unroll*/ for (var o = 0u; o < OUT4; o++) { b(i, o); } }`;
    expect(lines(unroll(text, CONSTANTS))).toBe(
      '{ a(0u); { b(0u, 0u); } { b(0u, 1u); } } { a(1u); { b(1u, 0u); } { b(1u, 1u); } }',
    );
  });

  it('leaves a loop without the mark, and names that only begin like the variable', () => {
    const text = 'for (var i = 0u; i < 3u; i++) { x += i; }';
    expect(unroll(text, CONSTANTS)).toBe(text);
    const index = '/*unroll*/ for (var i = 0u; i < 1u; i++) { index(i, ii); }';
    expect(unroll(index, CONSTANTS)).toBe('{ index(0u, ii); }');
  });

  it('makes variables of registers, within their block only', () => {
    const text = `fn f() { /*registers*/ var v: array<vec4f, PIXELS>; v[2u] = v[1 + 1u * 0]; } fn g(v: f32) { h(v); }`;
    expect(lines(unroll(text, CONSTANTS))).toBe(
      'fn f() { var v_0: vec4f; var v_1: vec4f; var v_2: vec4f; v_2 = v_1; } fn g(v: f32) { h(v); }',
    );
  });

  it('passes over comments, whose line stays', () => {
    const text = `fn f() { /*registers*/ var v: array<f32, 2>; // v and all } of it
      v[1] = 1.0; }`;
    expect(unroll(text, CONSTANTS)).toBe('fn f() { var v_0: f32; var v_1: f32; \n      v_1 = 1.0; }');
  });

  it('turns a shuffle from a known lane into a broadcast, and leaves the others', () => {
    const text = 'a = subgroupShuffle(w[f(1, 2)], 5 % 4u); b = subgroupShuffle(w, lane);';
    expect(unroll(text, CONSTANTS)).toBe(
      'a = subgroupBroadcast(w[f(1, 2)], 1u); b = subgroupShuffle(w, lane);',
    );
  });

  it.each([
    ['/*unroll*/ for (var i = 0u; i < count; i++) { a(i); }', /bound count/],
    ['fn f() { /*registers*/ var v: array<f32, PIXELS>; v[3] = 1.0; }', /v have no constant index below 3/],
    ['fn f() { /*registers*/ var v: array<f32, PIXELS>; v[i] = 1.0; }', /v have no constant index below 3/],
    ['fn f() { /*registers*/ var v: array<f32, PIXELS>; g(v); }', /v have no constant index below 3/],
    ['/*unroll*/ for (var i = 0u; i < 2; i++) { a(i);', /never closed/],
  ])('refuses %s', (text, message) => {
    expect(() => unroll(text, CONSTANTS)).toThrow(GpuError);
    expect(() => unroll(text, CONSTANTS)).toThrow(message);
  });

  it('evaluates whole numbers as WGSL does', () => {
    expect(evaluate('(7u / 2) % 2 * OUT4 + PIXELS', CONSTANTS)).toBe(5);
    for (const bad of ['1 - 2', '3 / 0', 'x', '(1', '', '1 2']) expect(evaluate(bad, CONSTANTS)).toBeNull();
  });
});
