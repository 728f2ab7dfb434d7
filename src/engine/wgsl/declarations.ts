/**
 * What a shader declares towards the host: the one reader of WGSL declarations, for the loader and the lab alike. They
 * are written as here, constants and aliases at the beginning of a line, with spaces or without:
 *
 *   enable subgroups;                                         what it needs of an adapter: extensions.ts
 *   const PIXELS: u32 = 4;                                    a tunable, with its default
 *   alias Result = f32;                                       a type that the loader may put another in the place of
 *   struct Params { batch: u32, ... }                         the fields of the uniform
 *   @group(0) @binding(1) var<storage, read> x: array<f32>;   a tensor, or the uniform
 *
 * What stands in a comment is not declared.
 */

/** `const NAME: TYPE = VALUE;` */
export interface ConstantDeclaration {
  name: string;
  type: 'u32' | 'i32' | 'f32' | 'bool';
  /** As written: a number, or an expression of constants above it. */
  value: string;
  /** Where its line begins and ends in the text. */
  from: number;
  to: number;
}

/** `alias NAME = TYPE;` */
export interface AliasDeclaration {
  name: string;
  type: string;
  from: number;
  to: number;
}

export interface BindingDeclaration {
  name: string;
  index: number;
  /** `uniform`, `read`, `read_write`, or what else stands in its place. */
  access: string;
  /** Its type without spaces, `vec4<f32>` as `vec4f`, an alias as what it stands for. */
  type: string;
}

export interface Declarations {
  /** Extensions, as in `enable f16;`. */
  enables: ReadonlySet<string>;
  /** In the order of the text. */
  constants: ReadonlyMap<string, ConstantDeclaration>;
  aliases: ReadonlyMap<string, AliasDeclaration>;
  bindings: readonly BindingDeclaration[];
  /** Bindings that are not written as above. */
  unreadableBindings: number;
  /** Name to type of `struct Params`; null where there is no such struct. */
  params: ReadonlyMap<string, string> | null;
}

/** One that is not closed goes to the end: looking for its end again from each next one would take for ever. */
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const ENABLE = /^[^\S\n]*enable\s+([^;]+);/gm;
const CONSTANT = /^const (\w+):\s*(u32|i32|f32|bool)\s*=\s*([^;]+);/gm;
const ALIAS = /^alias (\w+)\s*=\s*([^;]+);/gm;
const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<([\w\s,]+)>\s*(\w+)\s*:\s*([^;]+);/g;
const PARAMS = /struct Params\s*\{([^}]*)\}/;

/** Reads the declarations of a shader; what it holds besides, right or wrong, is the compiler's. */
export function readDeclarations(source: string): Declarations {
  // Comments become spaces, so that places in the code are places in the text.
  const code = source.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '));
  const aliases = new Map(
    [...code.matchAll(ALIAS)].map((match) => [
      match[1],
      { name: match[1], type: match[2].trim(), ...placeOf(match) },
    ]),
  );
  const bindings = [...code.matchAll(BINDING)].map(([, index, space, name, type]) => ({
    name,
    index: Number(index),
    access: accessOf(space),
    type: plainType(type.replace(/\w+/g, (word) => aliases.get(word)?.type ?? word)),
  }));
  return {
    enables: new Set(
      [...code.matchAll(ENABLE)].flatMap(([, names]) => names.split(',').map((n) => n.trim())),
    ),
    constants: new Map(
      [...code.matchAll(CONSTANT)].map((match) => {
        const [, name, type, value] = match;
        return [name, { name, type: type as ConstantDeclaration['type'], value, ...placeOf(match) }];
      }),
    ),
    aliases,
    bindings,
    unreadableBindings: [...code.matchAll(/@binding\s*\(/g)].length - bindings.length,
    params: fieldsOf(PARAMS.exec(code)?.[1]),
  };
}

function placeOf(match: RegExpExecArray): { from: number; to: number } {
  return { from: match.index, to: match.index + match[0].length };
}

function accessOf(space: string): string {
  const words = space.replace(/\s/g, '');
  return words.replace(/^storage,(read|read_write)$/, '$1');
}

function plainType(type: string): string {
  return type.replace(/\s/g, '').replace(/(vec[234])<([fui])(?:32)>/g, '$1$2');
}

function fieldsOf(body: string | undefined): Map<string, string> | null {
  if (body === undefined) return null;
  const fields = body.split(',').flatMap((field) => {
    const [name, type = '?'] = field.split(':').map((part) => part.replace(/\s/g, ''));
    return name ? [[name, type] as const] : [];
  });
  return new Map(fields);
}
