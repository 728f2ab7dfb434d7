/**
 * One text for single values and for four at once. A kernel that does the same to each value is written on
 * `alias Real = f32;` and counts channels, strides and offsets in units of `Real`: as it stands it is the variant
 * `naive`, for any counts; with `alias Real = vec4f;` it is the variant `vec4`, for multiples of four.
 */
import { GpuError } from '../core/errors.js';
import { kernels, type Variants } from '../engine/plan/kernel.js';
import type { PlanBuilder } from '../engine/plan/plan.js';
import { isVec4, type Tensor } from '../engine/plan/tensor.js';
import { readDeclarations } from '../engine/wgsl/declarations.js';
import { replaced } from '../engine/wgsl/specialise.js';

export type Width = 'naive' | 'vec4';

/** What an alias of a naive text stands for in the vec4 one. */
const FOUR: Readonly<Record<string, string>> = { Real: 'vec4f', Whole: 'vec4u', Truth: 'vec4<bool>' };

/**
 * Both variants of an operation from the text of the naive one.
 * @throws GpuError for a text that is not written on `Real`
 */
export function scalarAndVec4(op: string, naive: string): Variants<Width> {
  const aliases = [...readDeclarations(naive).aliases.values()].filter(({ name }) => name in FOUR);
  if (!aliases.some(({ name }) => name === 'Real')) {
    throw new GpuError(`The text of ${op} has no line "alias Real = f32;".`);
  }
  const lines = aliases.map((alias) => ({ at: alias, text: `alias ${alias.name} = ${FOUR[alias.name]};` }));
  return kernels(op, { naive, vec4: replaced(naive, lines) });
}

/** The variant that a plan takes: `vec4` where channels, strides and offsets of all tensors are multiples of four. */
export function vec4OrNaive(
  plan: PlanBuilder,
  variants: Variants<Width>,
  ...tensors: readonly Tensor[]
): Width {
  return plan.pick(variants, tensors.every(isVec4) ? ['vec4', 'naive'] : ['naive']);
}

/** Floats in a `Real` of a variant. */
export function unitOf(variant: Width): 1 | 4 {
  return variant === 'vec4' ? 4 : 1;
}

/** The parameters `<name>PixelStride` and `<name>Offset` of each tensor, in units of `unit` floats. */
export function places(unit: number, tensors: Readonly<Record<string, Tensor>>): Record<string, number> {
  const params: Record<string, number> = {};
  for (const [name, t] of Object.entries(tensors)) {
    params[`${name}PixelStride`] = t.pixelStride / unit;
    params[`${name}Offset`] = t.channelOffset / unit;
  }
  return params;
}
