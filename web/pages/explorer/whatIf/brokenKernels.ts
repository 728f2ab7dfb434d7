/**
 * Kernels that compute something else on purpose, made of the naive ones by changing a line: a ReLU that leaks, forward
 * and backward, and a batch norm that passes on what it reads.
 */
import type { Gpu } from 'chexgpu';
import { type Kernel, ownKernel } from 'chexgpu/lab';
import type { ShaderTexts } from '../debugger/shaderTexts.js';

interface Edit {
  /** The built-in kernel, whose text is changed. */
  readonly kernel: string;
  readonly file: string;
  readonly lines: readonly (readonly [from: string, to: string])[];
}

/** Everywhere where a network applies a ReLU, or goes back through one. */
function leaky(slope: number): Edit[] {
  const s = slope.toFixed(6);
  const scalar = ['return select(v, 0.0, v < 0.0);', `return select(v, ${s} * v, v < 0.0);`] as const;
  const real = [
    'return select(v, Real(0.0), v < Real(0.0));',
    `return select(v, ${s} * v, v < Real(0.0));`,
  ] as const;
  const back = ['dz = select(Real(0.0), dz,', `dz = select(${s} * dz, dz,`] as const;
  return [
    { kernel: 'conv.forward.naive', file: 'conv/forward/forward.naive.wgsl', lines: [scalar] },
    {
      kernel: 'conv.backwardWeights.naive',
      file: 'conv/backwardWeights/backwardWeights.naive.wgsl',
      lines: [scalar],
    },
    { kernel: 'pool.maxForward.naive', file: 'pool/maxForward.naive.wgsl', lines: [real] },
    { kernel: 'pool.averageForward.naive', file: 'pool/averageForward.naive.wgsl', lines: [real] },
    { kernel: 'pool.globalForward.naive', file: 'pool/globalForward.naive.wgsl', lines: [real] },
    { kernel: 'pointwise.apply.naive', file: 'pointwise/apply.naive.wgsl', lines: [real] },
    {
      kernel: 'batchnorm.reluBackwardAndSums.naive',
      file: 'batchnorm/backward/reluBackwardAndSums.naive.wgsl',
      lines: [back],
    },
  ];
}

const NO_NORM: Edit = {
  kernel: 'batchnorm.prepareInference.naive',
  file: 'batchnorm/forward/prepareInference.naive.wgsl',
  lines: [
    ['let scale = gammaBeta[c] / sqrt(moving[count + c] + params.epsilon);', 'let scale = Real(1.0);'],
    ['affine[count + c] = gammaBeta[count + c] - moving[c] * scale;', 'affine[count + c] = Real(0.0);'],
  ],
};

/** Variants in whose epilogue a gradient goes through a ReLU, which is not changed there. */
export const BACKWARD_ALONE = { 'conv.backwardData': 'naive' } as const;

/** The kernels to be changed. */
export function edits(slope: number, noNorm: boolean): Edit[] {
  return [...(slope === 0 ? [] : leaky(slope)), ...(noNorm ? [NO_NORM] : [])];
}

/** A shader with its lines changed. @throws Error where a line is not there once */
export function edited(texts: ShaderTexts, { file, lines }: Edit): string {
  let text = texts[`src/shaders/${file}`] ?? '';
  for (const [from, to] of lines) {
    if (text.split(from).length !== 2) throw new Error(`${file} has not one line ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

/** @throws GpuError, UsageError as `ownKernel` */
export async function brokenKernels(
  gpu: Gpu,
  texts: ShaderTexts,
  slope: number,
  noNorm: boolean,
): Promise<Kernel[]> {
  const made: Kernel[] = [];
  for (const edit of edits(slope, noNorm)) {
    const name = edit.file.slice(edit.file.lastIndexOf('/') + 1);
    made.push(
      await ownKernel(gpu, edit.kernel, edited(texts, edit), { differs: true, file: `changed ${name}` }),
    );
  }
  return made;
}
