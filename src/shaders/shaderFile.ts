/** In which file of the source tree a built-in kernel stands. */
import type { Kernel } from '../engine/plan/kernel.js';

/** Folders of operations that do not lie in the folder of their first name. */
const FOLDERS: Readonly<Record<string, string>> = {
  'conv.forward': 'conv/forward',
  'conv.backwardData': 'conv/backwardData',
  'conv.backwardWeights': 'conv/backwardWeights',
  'batchnorm.backwardApply': 'batchnorm/backward',
  'batchnorm.backwardFinalise': 'batchnorm/backward',
  'batchnorm.reluBackwardAndSums': 'batchnorm/backward',
  'batchnorm.prepareInference': 'batchnorm/forward',
  'batchnorm.prepareTraining': 'batchnorm/forward',
  'batchnorm.statistics': 'batchnorm/forward',
  'loss.binary': 'loss/binary',
  'loss.focal': 'loss/focal',
  'loss.weighted': 'loss/weighted',
};

/** Path from the root of the source tree, e.g. `src/shaders/conv/forward/forward.naive.wgsl`; a caller's own file. */
export function shaderFile({ op, variant, declared, own }: Kernel): string {
  if (own) return own.file;
  const [folder, direction] = op.split('.');
  // Of a text for one value and for four at once the file holds the first.
  const widened = declared.aliases.get('Real')?.type === 'vec4f';
  return `src/shaders/${FOLDERS[op] ?? folder}/${direction}.${widened ? 'naive' : variant}.wgsl`;
}
