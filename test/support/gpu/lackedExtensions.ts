import type { Gpu } from '../../../src/engine/device/gpu.js';
import { readDeclarations } from '../../../src/engine/wgsl/declarations.js';
import { EXTENSION_FEATURES } from '../../../src/engine/wgsl/extensions.js';

/** The extensions that a shader enables and this device does not have. */
export function lackedExtensions(gpu: Gpu, source: string): string[] {
  return [...readDeclarations(source).enables].filter(
    (name) => !gpu.device.features.has(EXTENSION_FEATURES[name] as GPUFeatureName),
  );
}
