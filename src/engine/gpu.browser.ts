/** A Gpu in a browser: `navigator.gpu`, device of our own. */
import { AdapterError } from '../core/errors.js';
import { Gpu } from './gpu.js';

/**
 * Opens the browser's adapter.
 * @throws AdapterError with what to switch on when there is none
 */
export async function openGpu(): Promise<Gpu> {
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (!gpu) {
    throw new AdapterError(
      'This page has no WebGPU.',
      globalThis.isSecureContext
        ? 'Use Chrome or Edge 113, Safari 26, Firefox 141 or newer; in Node import openNodeGpu from chexgpu/node.'
        : 'Open it over https or on localhost.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new AdapterError(
      'The browser gives no WebGPU adapter.',
      'See chrome://gpu; on Linux start Chrome with --enable-unsafe-webgpu.',
    );
  }
  return Gpu.open(adapter);
}
