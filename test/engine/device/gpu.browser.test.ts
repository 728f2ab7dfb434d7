import { afterEach, describe, expect, it, vi } from 'vitest';
import { AdapterError } from '../../../src/core/errors.js';
import { openGpu } from '../../../src/engine/device/gpu.browser.js';

afterEach(() => vi.unstubAllGlobals());

async function refusal(): Promise<string> {
  const error = await openGpu().catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(AdapterError);
  return (error as Error).message;
}

describe('openGpu', () => {
  it('in Node names the function for Node, and no page', async () => {
    for (const navigator of [undefined, {}]) {
      vi.stubGlobal('navigator', navigator);
      const message = await refusal();
      expect(message).toMatch(/^Node has no WebGPU of its own\. Use openNodeGpu of 'chexgpu\/node'\.$/);
    }
  });

  it('in a page without WebGPU says what to switch on', async () => {
    vi.stubGlobal('document', {});
    vi.stubGlobal('navigator', {});
    vi.stubGlobal('isSecureContext', false);
    expect(await refusal()).toBe('This page has no WebGPU. Open it over https or on localhost.');
    vi.stubGlobal('isSecureContext', true);
    expect(await refusal()).toMatch(/^This page has no WebGPU\. Use Chrome/);
    vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null } });
    expect(await refusal()).toMatch(/^The browser gives no WebGPU adapter/);
  });
});
