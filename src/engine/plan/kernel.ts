/**
 * From a .wgsl file to a pipeline. The shader text is the only description of a kernel: its bindings, the fields of
 * its `struct Params`, its tunable constants and what it needs of an adapter are read from it (wgsl/declarations.ts),
 * so host and shader cannot drift apart. The entry point is `main`, and the file compiles as it stands.
 */
import { GpuError } from '../../core/errors.js';
import { type BindingDeclaration, type Declarations, readDeclarations } from '../wgsl/declarations.js';
import { specialise } from '../wgsl/specialise.js';

export type BindingType = 'uniform' | 'read-only-storage' | 'storage';

export interface Binding {
  name: string;
  index: number;
  type: BindingType;
}

export type Scalars = Readonly<Record<string, number>>;

export class Kernel {
  private read: Declarations | undefined;

  /**
   * @param op what it computes, e.g. `conv.forward`
   * @param variant how, e.g. `naive`
   * @param source the text of the .wgsl file
   * @param own of a kernel that a caller brings for a model: the built-in kernel it stands in for, and its file
   */
  constructor(
    readonly op: string,
    readonly variant: string,
    readonly source: string,
    readonly own?: { readonly replaces: Kernel; readonly file: string },
  ) {}

  /** Read when first asked for: whoever imports the kernels uses few of them. */
  get declared(): Declarations {
    this.read ??= readDeclarations(this.source);
    return this.read;
  }

  /** @throws GpuError for a binding in another address space than uniform or storage */
  get bindings(): readonly Binding[] {
    return this.declared.bindings.map(({ name, index, access }) => ({
      name,
      index,
      type: bindingType(access, this.name),
    }));
  }

  get name(): string {
    return `${this.op}.${this.variant}`;
  }

  /**
   * The shader text with the given constants put in place of their defaults, its marked loops unrolled.
   * @throws GpuError for a constant that the shader does not declare
   */
  specialise(constants: Scalars): string {
    for (const name of Object.keys(constants)) {
      if (!this.declared.constants.has(name))
        throw new GpuError(`Kernel ${this.name} has no constant ${name}.`);
    }
    return specialise(this.source, this.declared, constants);
  }

  /**
   * Packs the fields of `struct Params`, in order, 4 bytes each.
   * @throws GpuError when a field is missing or is no 32-bit scalar, or a value has no field
   */
  packParams(values: Scalars): ArrayBuffer {
    const fields = this.declared.params ?? new Map<string, string>();
    const bytes = new ArrayBuffer(Math.max(16, Math.ceil((fields.size * 4) / 16) * 16));
    const view = new DataView(bytes);
    let at = 0;
    for (const [name, type] of fields) {
      const value = values[name];
      if (value === undefined || !Number.isFinite(value)) {
        throw new GpuError(`Kernel ${this.name} wants the parameter ${name}, got ${value}.`);
      }
      if (type === 'f32') view.setFloat32(at, value, true);
      else if (type === 'i32') view.setInt32(at, value, true);
      else if (type === 'u32') view.setUint32(at, value, true);
      else throw new GpuError(`Kernel ${this.name}: the parameter ${name} is ${type}, no u32, i32 or f32.`);
      at += 4;
    }
    for (const name of Object.keys(values)) {
      if (!fields.has(name)) throw new GpuError(`Kernel ${this.name} has no parameter ${name}.`);
    }
    return bytes;
  }
}

function bindingType(access: BindingDeclaration['access'], kernel: string): BindingType {
  if (access === 'uniform') return 'uniform';
  if (access === 'read') return 'read-only-storage';
  if (access === 'read_write') return 'storage';
  throw new GpuError(`Kernel ${kernel} declares a binding in the unknown address space <${access}>.`);
}

/** The variants of one operation, by their names. */
export type Variants<V extends string = string> = Readonly<Record<V, Kernel>>;

/** Groups the variants of one operation: `kernels('conv.forward', { naive, vec4 })`. */
export function kernels<V extends string>(op: string, sources: Record<V, string>): Variants<V> {
  const made = {} as Record<V, Kernel>;
  for (const variant of Object.keys(sources) as V[]) {
    made[variant] = new Kernel(op, variant, sources[variant]);
  }
  return made;
}
