/** Constants and types put in the place of a shader's own. */
import type { AliasDeclaration, ConstantDeclaration, Declarations } from './declarations.js';
import { evaluate, unroll } from './unroll.js';

/**
 * A shader with the given constants in the place of their defaults, its marked loops unrolled.
 * @param constants each one that the shader declares; a bool is 0 or 1
 * @throws GpuError for a loop or an array whose size is not constant
 */
export function specialise(
  source: string,
  declarations: Declarations,
  constants: Readonly<Record<string, number>>,
): string {
  const values = new Map<string, number>();
  const lines: Replacement[] = [];
  for (const declared of declarations.constants.values()) {
    const { name, type, value } = declared;
    const given = constants[name];
    if (type === 'u32') values.set(name, given ?? evaluate(value, values) ?? Number.NaN);
    if (given === undefined) continue;
    lines.push({ at: declared, text: `const ${name}: ${type} = ${literal(given, type)};` });
  }
  return unroll(replaced(source, lines), values);
}

/** A line to be put in the place of a declaration. */
export interface Replacement {
  at: Pick<ConstantDeclaration | AliasDeclaration, 'from' | 'to'>;
  text: string;
}

/** @param replacements in the order of the text */
export function replaced(source: string, replacements: readonly Replacement[]): string {
  const parts: string[] = [];
  let end = 0;
  for (const { at, text } of replacements) {
    parts.push(source.slice(end, at.from), text);
    end = at.to;
  }
  return parts.join('') + source.slice(end);
}

function literal(value: number, type: ConstantDeclaration['type']): string {
  if (type === 'bool') return String(value !== 0);
  if (type === 'f32') return Number.isInteger(value) ? `${value}.0` : String(value);
  return String(Math.trunc(value));
}
