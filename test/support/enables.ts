import type { Gpu } from '../../src/engine/device/gpu.js';
import { MATRIX_FEATURE } from '../../src/engine/wgsl/subgroupMatrix.js';

const FEATURES: Readonly<Record<string, string>> = {
  f16: 'shader-f16',
  subgroups: 'subgroups',
  chromium_experimental_subgroup_matrix: MATRIX_FEATURE,
};

/** The extensions that a shader enables and this device does not have. */
export function lackedExtensions(gpu: Gpu, source: string): string[] {
  return [...source.matchAll(/^enable (\w+);/gm)]
    .map(([, name]) => name)
    .filter((name) => !gpu.device.features.has(FEATURES[name] as GPUFeatureName));
}
