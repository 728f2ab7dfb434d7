/** Which built-in variant a user's shader can stand in for, and what keeps it from that. Nothing touches the GPU. */
import { UsageError } from '../core/errors.js';
import type { Kernel } from '../engine/plan/kernel.js';
import type { BindingDeclaration, Declarations } from '../engine/wgsl/declarations.js';
import { builtIn, type LabOperation } from './operations.js';
import type { UserShader } from './userShader.js';

/** `like` in parts: `subgroup PIXELS=8` is the variant subgroup where the host gives PIXELS the value 8. */
export interface Like {
  kernel: Kernel;
  /** As it was written. */
  name: string;
  tile: Readonly<Record<string, number>>;
  /** Why this one, in words. */
  because: string;
}

/** @throws UsageError */
function parseLike(operation: LabOperation, text: string, because: string): Like {
  const [variant, ...settings] = text.trim().split(/\s+/);
  const kernel = builtIn(operation, variant);
  const tile: Record<string, number> = {};
  for (const setting of settings) {
    const [, name, value] = /^(\w+)=(\d+)$/.exec(setting) ?? [];
    if (!name) {
      throw new UsageError(`"${setting}" in "like: ${text}" is not understood.`, 'Write it as PIXELS=8.');
    }
    tile[name] = Number(value);
  }
  return { kernel, name: [variant, ...settings].join(' '), tile, because };
}

/** The constants that the host sets for a variant; null where no shape is dispatched like it on this adapter. */
export type ConstantsOf = (kernel: Kernel) => ReadonlySet<string> | null;

/** What keeps `shader` from standing in for `kernel`: one line each, none if it fits. */
function misfits({ declared }: UserShader, kernel: Kernel, set: ReadonlySet<string>): string[] {
  return [
    ...bindingMisfits(declared, kernel.declared),
    ...fieldMisfits(declared.params, kernel.declared.params),
    ...[...set]
      .filter((name) => !declared.constants.has(name))
      .map((name) => {
        const line = constantLine(kernel, name);
        return `constant ${name}, which the host sets, is missing: a line ${line}, written like that`;
      }),
  ];
}

function bindingMisfits(declared: Declarations, wanted: Declarations): string[] {
  const lines: string[] = [];
  const storage = wanted.bindings.filter((b) => b.access !== 'uniform');
  for (const { name, access, type } of storage) {
    const own = declared.bindings.find((b) => b.name === name);
    const as = `var<storage, ${access}> ${name}: ${type}`;
    if (!own) lines.push(`binding ${name} is missing: @group(0) @binding(N) ${as};`);
    else if (own.access !== access) lines.push(`binding ${name} is var<${spelled(own)}>, has to be ${as};`);
  }
  if (!declared.bindings.some((b) => b.access === 'uniform')) {
    lines.push('binding params is missing: @group(0) @binding(N) var<uniform> params: Params;');
  }
  for (const { name, access } of declared.bindings) {
    if (access !== 'uniform' && !storage.some((b) => b.name === name)) {
      lines.push(`binding ${name} is not known to the host`);
    }
  }
  if (declared.unreadableBindings > 0) {
    lines.push(
      `${declared.unreadableBindings} of its bindings cannot be read: ` +
        'write them as @group(0) @binding(N) var<storage, read> name: type;',
    );
  }
  return lines;
}

function fieldMisfits(own: Declarations['params'], wanted: Declarations['params']): string[] {
  if (!own) return ['there is no `struct Params {`, written like that'];
  const lines: string[] = [];
  for (const [name, type] of wanted ?? []) {
    if (!own.has(name)) lines.push(`field ${name}: ${type} of Params is missing`);
  }
  for (const [name, type] of own) {
    const want = wanted?.get(name);
    if (want === undefined) lines.push(`field ${name} of Params is not known to the host`);
    else if (want !== type) lines.push(`field ${name} of Params is ${type}, has to be ${want}`);
  }
  return lines;
}

function spelled({ access }: BindingDeclaration): string {
  return access.startsWith('read') ? `storage, ${access}` : access.replace(',', ', ');
}

function constantLine({ declared }: Kernel, name: string): string {
  const { type = 'u32', value = '1' } = declared.constants.get(name) ?? {};
  return `const ${name}: ${type} = ${value};`;
}

function whatIsThere({ name, declared: { bindings, params, constants } }: UserShader): string {
  const list = (items: Iterable<string>) => [...items].join(', ') || 'none';
  return (
    `${name} has: bindings ${list(bindings.map((b) => `${b.name} (${b.access}, ${b.type})`))}; ` +
    `Params ${params ? list(params.keys()) : 'none'}; constants ${list(constants.keys())}.`
  );
}

/** How much two declarations have in common beyond what has to agree: element types, then constants, then enables. */
function likeness({ declared }: UserShader, kernel: Kernel): number {
  const wanted = kernel.declared;
  const types = wanted.bindings.filter(({ name, type }) =>
    declared.bindings.some((own) => own.name === name && own.type === type),
  ).length;
  const both = [...wanted.constants.keys()].filter((name) => declared.constants.has(name)).length;
  const all = new Set([...wanted.constants.keys(), ...declared.constants.keys()]).size;
  const listed = ({ enables }: Declarations) => [...enables].sort().join();
  return types + (all === 0 ? 0 : both / (all + 1)) + (listed(wanted) === listed(declared) ? 1e-3 : 0);
}

/**
 * The built-in variant that the user's shader is dispatched like: the one named by `wanted`, else by its comment
 * `// like: ...`, else the one whose declarations are nearest (of two that are as near, the plainer).
 * @param wanted of the flag --like
 * @throws UsageError that lists what is missing and what is there, where it does not fit that one
 */
export function likeOf(
  operation: LabOperation,
  shader: UserShader,
  constantsOf: ConstantsOf,
  wanted?: string,
): Like {
  const named = wanted ?? shader.like;
  if (named !== undefined) {
    const because = wanted === undefined ? `by the comment in ${shader.name}` : 'by `like`';
    const like = parseLike(operation, named, because);
    const set = constantsOf(like.kernel);
    if (!set) throw notDispatched(operation, like);
    refuse(shader, like.kernel, misfits(shader, like.kernel, set), 'cannot stand in for', []);
    return like;
  }
  const tried = operation.kernels
    .flatMap((kernel) => {
      const set = constantsOf(kernel);
      return set ? [{ kernel, lines: misfits(shader, kernel, set), near: likeness(shader, kernel) }] : [];
    })
    .sort((a, b) => b.near - a.near || a.lines.length - b.lines.length);
  const { kernel, lines } = tried[0];
  const others = tried.filter((other) => other.lines.length === 0).map((other) => other.kernel.variant);
  refuse(shader, kernel, lines, 'is nearest to, but cannot stand in for', others);
  return { kernel, name: kernel.variant, tile: {}, because: 'whose declarations are nearest' };
}

/** What to say where the shapes do not suit a variant or a tile, or the adapter does not. */
export function notDispatched({ name }: LabOperation, like: Like): UsageError {
  return new UsageError(
    `No shape of ${name} is dispatched like ${like.name} on this adapter.`,
    'Choose another variant with `like`.',
  );
}

/** @throws UsageError unless `lines` is empty */
function refuse(
  shader: UserShader,
  kernel: Kernel,
  lines: readonly string[],
  verb: string,
  others: readonly string[],
): void {
  if (lines.length === 0) return;
  const also = others.length > 0 ? `, or dispatch it like ${others.join(' or ')} with \`like\`` : '';
  throw new UsageError(
    `${shader.name} ${verb} ${kernel.name}:\n${lines.map((line) => `  ${line}`).join('\n')}\n${whatIsThere(shader)}`,
    `Add what is missing (\`chexgpu lab ${kernel.op} --template ${kernel.variant}\` prints one that fits)${also}.`,
  );
}
