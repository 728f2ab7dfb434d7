/** What the tests of the lab share: an operation, its cases, and texts as kernels for them. */
import type { Gpu } from '../../src/engine/device/gpu.js';
import { geometriesOf, hostConstants } from '../../src/lab/geometry.js';
import { type LabOperation, labOperation } from '../../src/lab/operations.js';
import { likeOf } from '../../src/lab/standIn.js';
import { userKernel, userShader } from '../../src/lab/userShader.js';
import type { CheckCase } from '../../src/shaders/checkCase.js';

export const CONV = labOperation('conv1x1.forward');

export function caseOf({ cases }: LabOperation, title: string): CheckCase {
  const found = cases.find((check) => check.title === title);
  if (!found) throw new Error(`no case ${title}`);
  return found;
}

/** A text as the runner of one case. */
export function runnerOf(gpu: Gpu, operation: LabOperation, check: CheckCase, text: string, wanted?: string) {
  const file = userShader('mine.wgsl', text);
  const like = likeOf(operation, file, hostConstants(gpu, operation), wanted);
  const [geometry] = geometriesOf(gpu, check, like);
  return { name: file.name, replaces: like.kernel, kernel: userKernel(operation, file), geometry };
}
