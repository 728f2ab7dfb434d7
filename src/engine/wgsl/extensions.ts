/** What a shader needs of an adapter: its `enable ...;` lines say it. */
import type { AdapterFacts } from '../device/gpuInfo.js';

/** Matrices of subgroups, as a shader enables them and as a device has them: subgroupMatrix.ts. */
export const MATRIX_EXTENSION = 'chromium_experimental_subgroup_matrix';
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

/** The feature of a device that an extension of WGSL comes with. */
export const EXTENSION_FEATURES: Readonly<Record<string, string>> = {
  f16: 'shader-f16',
  subgroups: 'subgroups',
  [MATRIX_EXTENSION]: MATRIX_FEATURE,
};

/** Our kernels with subgroups broadcast from lanes 0 to 3, whatever the exact size. */
const LEAST_LANES = 4;

/**
 * Why an adapter cannot run a shader with these extensions, in words; null where it can.
 * @param enables of `Declarations`
 */
export function extensionObstacle(adapter: AdapterFacts, enables: ReadonlySet<string>): string | null {
  const { device, info } = adapter;
  const missing = [...enables].filter(
    (name) => !device.features.has((EXTENSION_FEATURES[name] ?? name) as GPUFeatureName),
  );
  if (missing.length > 0) return `the adapter lacks ${missing.join(' and ')}`;
  if (enables.has('subgroups') && info.subgroupMinSize < LEAST_LANES) {
    return 'its subgroups may have fewer than four lanes';
  }
  return null;
}
