/**
 * The lab, on paper: which operations it takes, what a user's shader declares, and which built-in variant it can
 * stand in for. Nothing here touches the GPU; lab.ts runs what passes here.
 */
import { UsageError } from '../core/errors.js';
import { Kernel } from '../engine/plan/kernel.js';
import type { CheckCase } from '../shaders/checkCase.js';
import { ALL_CHECKS, ALL_KERNELS } from '../shaders/registry.js';

/** An operation as the lab names it: all of `conv.forward`, or only its `conv3x3.forward`. */
export interface LabOperation {
  name: string;
  op: string;
  /** Its built-in variants, the plainest first. */
  kernels: readonly Kernel[];
  cases: readonly CheckCase[];
}

const OPS = [...new Set(ALL_KERNELS.map((kernel) => kernel.op))];

/** Side of the window of a convolution's case, from its weights [k,k,ci,co]. */
function sideOf(check: CheckCase): number {
  return (check.tensors.weights ?? check.tensors.dw).shape[0];
}

/** Every name that `labOperation` takes. */
export function labOperationNames(): string[] {
  return OPS.flatMap((op) => {
    if (!op.startsWith('conv.')) return [op];
    const sides = new Set(ALL_CHECKS.filter((check) => check.op === op).map(sideOf));
    return [op, ...[...sides].sort((a, b) => a - b).map((k) => op.replace('conv.', `conv${k}x${k}.`))];
  });
}

/**
 * @param name e.g. `batchnorm.statistics`, `conv.forward`, or `conv3x3.forward` for its 3x3 shapes alone
 * @throws UsageError when there is none
 */
export function labOperation(name: string): LabOperation {
  const names = labOperationNames();
  if (!names.includes(name)) {
    const [folder, direction] = name.split('.');
    const near = names.filter((known) => {
      const [itsFolder, itsDirection] = known.split('.');
      return itsFolder === folder || (direction !== undefined && itsDirection === direction);
    });
    const hint = near.length > 0 ? `Near it: ${near.join(', ')}.` : `The operations are ${names.join(', ')}.`;
    throw new UsageError(`There is no operation "${name}".`, hint);
  }
  const square = /^conv(\d+)x\d+\./.exec(name);
  const op = square ? name.replace(square[0], 'conv.') : name;
  return {
    name,
    op,
    kernels: ALL_KERNELS.filter((kernel) => kernel.op === op),
    cases: ALL_CHECKS.filter((check) => check.op === op && (!square || sideOf(check) === Number(square[1]))),
  };
}

/** @throws UsageError when the operation has no such variant */
export function builtIn({ op, kernels }: LabOperation, variant: string): Kernel {
  const kernel = kernels.find((k) => k.variant === variant);
  if (kernel) return kernel;
  throw new UsageError(
    `There is no variant "${variant}" of ${op}.`,
    `The variants are ${kernels.map((k) => k.variant).join(', ')}.`,
  );
}

/** A built-in kernel to start from, with a head that says how to go on. */
export function labTemplate(operation: LabOperation, variant: string): string {
  const { name, source } = builtIn(operation, variant);
  return [
    `// A copy of ${name}, to be beaten. Save it as my.wgsl, change it, and let the lab judge on every save:`,
    `//   npx chexgpu lab ${operation.name} my.wgsl --watch`,
    '// The next line says whose workgroups and constants it gets; --like VARIANT overrides it.',
    `// like: ${variant}`,
    '//',
    source,
  ].join('\n');
}

interface DeclaredBinding {
  name: string;
  /** `uniform`, `read`, `read_write`, or what else stands in its place. */
  access: string;
  /** Its type without spaces, `vec4<f32>` as `vec4f`. */
  type: string;
}

/** What a shader declares towards the host. */
export interface Declared {
  bindings: readonly DeclaredBinding[];
  /** Declarations with @binding that are not written as the loader reads them. */
  unreadable: number;
  /** Name to type of `struct Params`; null where there is no such struct. */
  params: ReadonlyMap<string, string> | null;
  constants: ReadonlySet<string>;
  /** `enable` directives, sorted. */
  enables: string;
}

/** One that is not closed goes to the end: looking for its end again from each next one would take for ever. */
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const BINDING = /@group\(0\)\s*@binding\(\d+\)\s*var<([\w\s,]+)>\s*(\w+)\s*:\s*([^;]+);/g;
const PARAMS = /struct Params \{([^}]*)\}/;
const LIKE = /^[^\S\n]*\/\/[^\S\n]*like:([^\n]*)$/m;

/** The same text with `comment` as spaces: lines and columns stay. */
function blank(comment: string): string {
  return comment.replace(/[^\n]/g, ' ');
}

function accessOf(space: string): string {
  const words = space.replace(/\s/g, '');
  if (words === 'storage,read') return 'read';
  return words === 'storage,read_write' ? 'read_write' : words;
}

function plainType(type: string): string {
  return type.replace(/\s/g, '').replace(/(vec[234])<([fui])(?:32)>/g, '$1$2');
}

/** Reads the declarations of a shader as the kernel loader does. */
export function declared(source: string): Declared {
  const code = source.replace(COMMENT, blank);
  const bindings = [...code.matchAll(BINDING)].map(([, space, name, type]) => ({
    name,
    access: accessOf(space),
    type: plainType(type),
  }));
  const body = PARAMS.exec(code)?.[1];
  const fields = body?.split(',').flatMap((field) => {
    const [name, type] = field.split(':').map((part) => part.replace(/\s/g, ''));
    return name ? [[name, type ?? '?'] as const] : [];
  });
  return {
    bindings,
    unreadable: [...code.matchAll(/@binding\s*\(/g)].length - bindings.length,
    params: fields ? new Map(fields) : null,
    constants: new Set([...code.matchAll(/^const (\w+): (?:u32|i32|f32|bool) = [^;]+;/gm)].map((m) => m[1])),
    enables: [...code.matchAll(/^[^\S\n]*enable\s+([^;]+);/gm)]
      .map((m) => m[1].trim())
      .sort()
      .join(','),
  };
}

/** A user's shader. */
export interface LabFile extends Declared {
  /** As messages call it, e.g. `my.wgsl`. */
  name: string;
  source: string;
  /** What its comment `// like: ...` says, if it has one. */
  like: string | undefined;
}

/** @param name file name, for messages */
export function labFile(name: string, text: string): LabFile {
  // The loader does not know comments: a declaration that is commented out must not be found by it.
  const source = text
    .replace(/^\uFEFF/, '')
    .replace(COMMENT, (comment) =>
      /@group|@binding|^const |struct Params/m.test(comment) ? blank(comment) : comment,
    );
  return { name, source, like: LIKE.exec(text)?.[1].trim() || undefined, ...declared(source) };
}

/** The user's shader as a kernel of this operation, named after its file. */
export function labKernel({ op }: LabOperation, { name, source }: LabFile): Kernel {
  return new Kernel(op, name.replace(/\.wgsl$/, ''), source);
}

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

/** What keeps `file` from standing in for `kernel`: one line each, none if it fits. */
function misfits(file: LabFile, kernel: Kernel, set: ReadonlySet<string>): string[] {
  const wanted = declared(kernel.source);
  const lines: string[] = [];
  const storage = wanted.bindings.filter((b) => b.access !== 'uniform');
  for (const { name, access, type } of storage) {
    const own = file.bindings.find((b) => b.name === name);
    const as = `var<storage, ${access}> ${name}: ${type}`;
    if (!own) lines.push(`binding ${name} is missing: @group(0) @binding(N) ${as};`);
    else if (own.access !== access) lines.push(`binding ${name} is var<${spelled(own)}>, has to be ${as};`);
  }
  if (!file.bindings.some((b) => b.access === 'uniform')) {
    lines.push('binding params is missing: @group(0) @binding(N) var<uniform> params: Params;');
  }
  for (const { name, access } of file.bindings) {
    if (access !== 'uniform' && !storage.some((b) => b.name === name)) {
      lines.push(`binding ${name} is not known to the host`);
    }
  }
  if (file.unreadable > 0) {
    lines.push(
      `${file.unreadable} of its bindings cannot be read: ` +
        'write them as @group(0) @binding(N) var<storage, read> name: type;',
    );
  }
  const fields = file.params ?? new Map<string, string>();
  if (!file.params) lines.push('there is no `struct Params {`, written like that');
  for (const [name, type] of wanted.params ?? []) {
    if (file.params && !fields.has(name)) lines.push(`field ${name}: ${type} of Params is missing`);
  }
  for (const [name, type] of fields) {
    const want = wanted.params?.get(name);
    if (want === undefined) lines.push(`field ${name} of Params is not known to the host`);
    else if (want !== type) lines.push(`field ${name} of Params is ${type}, has to be ${want}`);
  }
  for (const name of set) {
    if (!file.constants.has(name)) {
      lines.push(
        `constant ${name}, which the host sets, is missing: a line ${constantLine(kernel, name)}, written like that`,
      );
    }
  }
  return lines;
}

function spelled({ access }: DeclaredBinding): string {
  return access.startsWith('read') ? `storage, ${access}` : access.replace(',', ', ');
}

function constantLine(kernel: Kernel, name: string): string {
  return new RegExp(`^const ${name}: [^;]+;`, 'm').exec(kernel.source)?.[0] ?? `const ${name}: u32 = 1;`;
}

function whatIsThere({ name, bindings, params, constants }: LabFile): string {
  const list = (items: Iterable<string>) => [...items].join(', ') || 'none';
  return (
    `${name} has: bindings ${list(bindings.map((b) => `${b.name} (${b.access}, ${b.type})`))}; ` +
    `Params ${params ? list(params.keys()) : 'none'}; constants ${list(constants)}.`
  );
}

/** How much two declarations have in common beyond what has to agree: element types, then constants, then enables. */
function likeness(file: LabFile, kernel: Kernel): number {
  const wanted = declared(kernel.source);
  const types = wanted.bindings.filter(({ name, type }) =>
    file.bindings.some((own) => own.name === name && own.type === type),
  ).length;
  const both = [...wanted.constants].filter((name) => file.constants.has(name)).length;
  const all = new Set([...wanted.constants, ...file.constants]).size;
  return types + (all === 0 ? 0 : both / (all + 1)) + (wanted.enables === file.enables ? 1e-3 : 0);
}

/**
 * The built-in variant that the user's shader is dispatched like: the one named by `wanted`, else by its comment
 * `// like: ...`, else the one whose declarations are nearest (of two that are as near, the plainer).
 * @param wanted of the flag --like
 * @throws UsageError that lists what is missing and what is there, where it does not fit that one
 */
export function likeOf(
  operation: LabOperation,
  file: LabFile,
  constantsOf: ConstantsOf,
  wanted?: string,
): Like {
  const named = wanted ?? file.like;
  if (named !== undefined) {
    const because = wanted === undefined ? `by the comment in ${file.name}` : 'by --like';
    const like = parseLike(operation, named, because);
    const set = constantsOf(like.kernel);
    if (!set) throw notDispatched(operation, like);
    refuse(file, like.kernel, misfits(file, like.kernel, set), 'cannot stand in for', []);
    return like;
  }
  const tried = operation.kernels
    .flatMap((kernel) => {
      const set = constantsOf(kernel);
      return set ? [{ kernel, lines: misfits(file, kernel, set), near: likeness(file, kernel) }] : [];
    })
    .sort((a, b) => b.near - a.near || a.lines.length - b.lines.length);
  const { kernel, lines } = tried[0];
  const others = tried.filter((other) => other.lines.length === 0).map((other) => other.kernel.variant);
  refuse(file, kernel, lines, 'is nearest to, but cannot stand in for', others);
  return { kernel, name: kernel.variant, tile: {}, because: 'whose declarations are nearest' };
}

/** What to say where the shapes do not suit a variant or a tile, or the adapter does not. */
export function notDispatched({ name }: LabOperation, like: Like): UsageError {
  return new UsageError(
    `No shape of ${name} is dispatched like ${like.name} on this adapter.`,
    'Choose another variant with --like.',
  );
}

/** @throws UsageError unless `lines` is empty */
function refuse(
  file: LabFile,
  kernel: Kernel,
  lines: readonly string[],
  verb: string,
  others: readonly string[],
): void {
  if (lines.length === 0) return;
  const also = others.length > 0 ? `, or dispatch it like ${others.join(' or ')} with --like` : '';
  throw new UsageError(
    `${file.name} ${verb} ${kernel.name}:\n${lines.map((line) => `  ${line}`).join('\n')}\n${whatIsThere(file)}`,
    `Add what is missing (\`chexgpu lab ${kernel.op} --template ${kernel.variant}\` prints one that fits)${also}.`,
  );
}
