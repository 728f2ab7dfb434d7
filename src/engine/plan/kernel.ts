/**
 * From a .wgsl file to a pipeline. The shader text is the only description of a kernel: its
 * bindings, the fields of its `struct Params` and its tunable constants are read from it, so host
 * and shader cannot drift apart.
 *
 * A kernel file declares
 *   const PIXELS: u32 = 4;                                    tunables, with a default
 *   const PIXELS4: u32 = PIXELS / 4;                          what follows from them
 *   struct Params { batch: u32, ... }                         32-bit scalars, shapes and strides
 *   @group(0) @binding(0) var<uniform> params: Params;
 *   @group(0) @binding(1) var<storage, read> x: array<f32>;   tensors, matched by name
 *   fn main(...)                                              the entry point
 * and compiles as it stands. Loops and arrays marked for registers are unrolled on the way: unroll.ts.
 */
import { GpuError } from '../../core/errors.js';
import { evaluate, unroll } from '../wgsl/unroll.js';

export type BindingType = 'uniform' | 'read-only-storage' | 'storage';

export interface Binding {
  name: string;
  index: number;
  type: BindingType;
}

interface Field {
  name: string;
  type: 'u32' | 'i32' | 'f32';
}

export type Scalars = Readonly<Record<string, number>>;

const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<([\w\s,]+)>\s*(\w+)\s*:/g;
const CONSTANT = /^const (\w+): (u32|i32|f32|bool) = ([^;]+);/gm;
const PARAMS = /struct Params \{([^}]*)\}/;

export class Kernel {
  readonly bindings: readonly Binding[];
  readonly constants: ReadonlyMap<string, string>;
  private readonly fields: readonly Field[];

  /**
   * @param op what it computes, e.g. `conv.forward`
   * @param variant how, e.g. `naive`
   * @param source the text of the .wgsl file
   */
  constructor(
    readonly op: string,
    readonly variant: string,
    readonly source: string,
  ) {
    this.bindings = [...source.matchAll(BINDING)].map(([, index, space, name]) => ({
      name,
      index: Number(index),
      type: bindingType(space.replace(/\s/g, ''), `${op}.${variant}`),
    }));
    this.constants = new Map([...source.matchAll(CONSTANT)].map(([, name, , value]) => [name, value]));
    const body = PARAMS.exec(source)?.[1].replace(/\/\/.*$/gm, '') ?? '';
    this.fields = [...body.matchAll(/(\w+)\s*:\s*(u32|i32|f32)/g)].map(([, name, type]) => ({
      name,
      type: type as Field['type'],
    }));
  }

  get name(): string {
    return `${this.op}.${this.variant}`;
  }

  /** The shader text with the given constants put in place of their defaults, its marked loops unrolled. */
  specialise(constants: Scalars): string {
    for (const name of Object.keys(constants)) {
      if (!this.constants.has(name)) throw new GpuError(`Kernel ${this.name} has no constant ${name}.`);
    }
    const values = new Map<string, number>();
    const text = this.source.replace(CONSTANT, (line, name: string, type: string, given: string) => {
      if (type === 'u32') values.set(name, constants[name] ?? evaluate(given, values) ?? Number.NaN);
      if (!(name in constants)) return line;
      const value = type === 'bool' ? String(constants[name] !== 0) : literal(constants[name], type);
      return `const ${name}: ${type} = ${value};`;
    });
    return unroll(text, values);
  }

  /** Packs the fields of `struct Params`, in order, 4 bytes each; every field must be given. */
  packParams(values: Scalars): ArrayBuffer {
    const bytes = new ArrayBuffer(Math.max(16, Math.ceil((this.fields.length * 4) / 16) * 16));
    const view = new DataView(bytes);
    for (const [i, { name, type }] of this.fields.entries()) {
      const value = values[name];
      if (value === undefined || !Number.isFinite(value)) {
        throw new GpuError(`Kernel ${this.name} wants the parameter ${name}, got ${value}.`);
      }
      if (type === 'f32') view.setFloat32(i * 4, value, true);
      else if (type === 'i32') view.setInt32(i * 4, value, true);
      else view.setUint32(i * 4, value, true);
    }
    const known = new Set(this.fields.map((f) => f.name));
    for (const name of Object.keys(values)) {
      if (!known.has(name)) throw new GpuError(`Kernel ${this.name} has no parameter ${name}.`);
    }
    return bytes;
  }
}

function bindingType(space: string, kernel: string): BindingType {
  if (space === 'uniform') return 'uniform';
  if (space === 'storage,read') return 'read-only-storage';
  if (space === 'storage,read_write') return 'storage';
  throw new GpuError(`Kernel ${kernel} declares a binding in the unknown address space <${space}>.`);
}

function literal(value: number, type: string): string {
  if (type === 'f32') return Number.isInteger(value) ? `${value}.0` : String(value);
  return String(Math.trunc(value));
}

/** Groups the variants of one operation: `kernels('conv.forward', { naive, vec4 })`. */
export function kernels<V extends string>(op: string, sources: Record<V, string>): Record<V, Kernel> {
  const made = {} as Record<V, Kernel>;
  for (const variant of Object.keys(sources) as V[]) {
    made[variant] = new Kernel(op, variant, sources[variant]);
  }
  return made;
}
