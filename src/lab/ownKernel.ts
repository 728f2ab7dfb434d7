/** A kernel of one's own for a model, in the place of a built-in one: compiled and checked before it is used. */
import { requireFields, shown, trueOrFalse } from '../core/arguments.js';
import { GpuError, UsageError } from '../core/errors.js';
import { nearNames } from '../core/nearNames.js';
import { checkWork, tell, WORK, type WorkOptions } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import { requireGpu } from '../engine/device/requireGpu.js';
import { Kernel } from '../engine/plan/kernel.js';
import { ALL_KERNELS } from '../shaders/registry.js';
import { Lab, type Verdict } from './checkUserKernel.js';
import { compilerMessages } from './compilerMessages.js';
import { geometriesOf, hostConstants } from './geometry.js';
import { type LabOperation, labOperation } from './operations.js';
import { likeOf } from './standIn.js';
import { userKernel, userShader } from './userShader.js';

export interface OwnKernelOptions extends WorkOptions {
  /** It is meant to compute something else (what if the ReLU leaked?), and is not compared with the reference. */
  differs?: boolean;
  /** As messages and `inspect` call it. Default: own.wgsl. */
  file?: string;
}

/**
 * Makes a kernel for `DenseNet.create(gpu, { kernels: [...] })` from WGSL that stands in for a built-in one: the same
 * bindings, fields of Params and constants, dispatched alike. It is compared with the float64 reference on the small
 * cases of its operation.
 * @param name of the built-in kernel, `conv.forward.naive`
 * @param wgsl the text, entry point `main`
 * @throws UsageError for a kernel that there is not, what is missing in the text, a case that is wrong; GpuError with
 *   the compiler's messages
 */
export async function ownKernel(
  gpu: Gpu,
  name: string,
  wgsl: string,
  options: OwnKernelOptions = {},
): Promise<Kernel> {
  requireGpu('ownKernel', gpu);
  requireFields('The options of ownKernel', options, ['differs', 'file', ...WORK]);
  checkWork(options);
  options.signal?.throwIfAborted();
  const { differs = false, file = 'own.wgsl' } = options;
  trueOrFalse('differs', differs);
  for (const [field, value] of Object.entries({ wgsl, file })) {
    if (typeof value !== 'string') throw new UsageError(`${field} is ${shown(value)}, it must be a text.`);
  }
  const replaces = builtInKernel(name);
  const operation = labOperation(replaces.op);
  const shader = userShader(file, wgsl);
  likeOf(operation, shader, hostConstants(gpu, operation), replaces.variant);
  const errors = (await compilerMessages(gpu, file, shader.source)).filter(({ type }) => type === 'error');
  options.signal?.throwIfAborted();
  if (errors.length > 0) {
    const [{ line, column, text }] = errors;
    throw new GpuError(`${file} does not compile.\n${file}:${line}:${column}: ${text}`);
  }
  const { op, variant, source } = userKernel(operation, shader);
  const kernel = new Kernel(op, variant, source, { replaces, file });
  if (!differs) await requireRight(gpu, operation, kernel, options);
  return kernel;
}

function builtInKernel(name: string): Kernel {
  const found = ALL_KERNELS.find((kernel) => kernel.name === name);
  if (found) return found;
  const names = ALL_KERNELS.map((kernel) => kernel.name);
  const near = nearNames(String(name), names, 3).join(', ');
  throw new UsageError(`There is no built-in kernel ${shown(name)}.`, `Near it: ${near}.`);
}

/** @throws UsageError for the first case that is wrong */
async function requireRight(gpu: Gpu, { cases }: LabOperation, kernel: Kernel, work: WorkOptions) {
  const { replaces, file } = kernel.own!;
  const lab = new Lab(gpu);
  const small = cases.filter(({ race }) => !race);
  for (const [done, check] of small.entries()) {
    await tell(work, { phase: 'check', done, total: small.length, unit: 'cases', note: check.title });
    for (const geometry of geometriesOf(gpu, check, { kernel: replaces, tile: {} })) {
      const verdict = await lab.check(check, { name: file, replaces, kernel, geometry });
      if (!verdict.ok) throw wrong(verdict, kernel);
    }
  }
}

function wrong({ title, error, tensors }: Verdict, { own }: Kernel): UsageError {
  const bad = tensors.find(({ off, spilled }) => off > 0 || spilled);
  const what = bad?.first[0]
    ? `${bad.tensor}[${bad.first[0].at.join(', ')}] is ${bad.first[0].got}, wanted ${bad.first[0].want}`
    : (error ?? `it writes outside of ${bad?.tensor}`);
  return new UsageError(
    `${own!.file} is not ${own!.replaces.name}: ${title}: ${what}.`,
    'Where it is meant to compute something else, say `differs: true`.',
  );
}
