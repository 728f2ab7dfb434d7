/** The operations that the lab takes, by name, with their built-in kernels and their cases. */
import { UsageError } from '../core/errors.js';
import type { Kernel } from '../engine/plan/kernel.js';
import type { CheckCase } from '../shaders/checkCase.js';
import { ALL_CHECKS, ALL_KERNELS, ALL_OPS } from '../shaders/registry.js';

/** An operation as the lab names it: all of `conv.forward`, or only its `conv3x3.forward`. */
export interface LabOperation {
  name: string;
  op: string;
  /** Its built-in variants, the plainest first. */
  kernels: readonly Kernel[];
  cases: readonly CheckCase[];
}

/** Side of the window of a convolution's case, from its weights [k,k,ci,co]. */
function sideOf(check: CheckCase): number {
  return (check.tensors.weights ?? check.tensors.dw).shape[0];
}

/** Every name that `labOperation` takes. */
export function labOperationNames(): string[] {
  return ALL_OPS.flatMap((op) => {
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
