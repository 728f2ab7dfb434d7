import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { peerEnvironment } from '../../../bench/peers/engineProcess.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the environment of an engine', () => {
  it('leads the peers to a software driver alone', () => {
    const drivers = ['/usr/lib/libvulkan_intel.so', '/opt/a/libvk_swiftshader.so'];
    const { environment, swiftshader } = peerEnvironment({ adapterKind: 'swiftshader', drivers }, folder);
    expect(swiftshader).toBe('/opt/a/libvk_swiftshader.so');
    expect(environment.VK_DRIVER_FILES).toBe(join(folder, 'driver_icd.json'));
    expect(environment.LD_LIBRARY_PATH?.split(':')[0]).toBe('/opt/a');
    expect(peerEnvironment({ adapterKind: 'hardware', drivers }, folder).environment).toBe(process.env);
  });
});
