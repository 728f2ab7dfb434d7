/** A Gpu in a browser: `navigator.gpu`, device of our own. */
import { AdapterError } from '../../core/errors.js';
import { Gpu } from './gpu.js';

/** Node, or another host that has its modules. */
function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

/**
 * Opens the browser's adapter.
 * @throws AdapterError with what to switch on when there is none
 */
export async function openGpu(): Promise<Gpu> {
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (!gpu && !('document' in globalThis) && isNode()) {
    throw new AdapterError('Node has no WebGPU of its own.', "Use openNodeGpu of 'chexgpu/node'.");
  }
  if (!gpu) {
    throw new AdapterError(
      'This page has no WebGPU.',
      globalThis.isSecureContext
        ? 'Use Chrome or Edge 113, Safari 26, Firefox 141 or newer.'
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
