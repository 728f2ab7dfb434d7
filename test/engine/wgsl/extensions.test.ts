import { describe, expect, it } from 'vitest';
import type { AdapterFacts } from '../../../src/engine/device/gpuInfo.js';
import { extensionObstacle } from '../../../src/engine/wgsl/extensions.js';
import { kernelObstacle } from '../../../src/engine/wgsl/subgroupMatrix.js';
import { ALL_KERNELS } from '../../../src/shaders/registry.js';

/** An adapter as far as extensions go. */
const adapter = (features: string[], lanes: number): AdapterFacts =>
  ({
    device: { features: new Set(features) },
    info: { subgroupMinSize: lanes, subgroupMaxSize: lanes },
  }) as unknown as AdapterFacts;

describe('what a kernel needs of an adapter', () => {
  it('is in its enable lines, not in its name', () => {
    const subgroups = new Set(['subgroups']);
    expect(extensionObstacle(adapter([], 32), new Set())).toBeNull();
    expect(extensionObstacle(adapter(['subgroups'], 32), subgroups)).toBeNull();
    expect(extensionObstacle(adapter([], 32), subgroups)).toBe('the adapter lacks subgroups');
    expect(extensionObstacle(adapter(['subgroups'], 1), subgroups)).toMatch(/fewer than four lanes/);
    expect(extensionObstacle(adapter(['subgroups'], 32), new Set(['f16', 'subgroups']))).toBe(
      'the adapter lacks f16',
    );
    const matrices = new Set(['chromium_experimental_subgroup_matrix', 'f16']);
    const lacking = /lacks chromium_experimental_subgroup_matrix and f16$/;
    expect(extensionObstacle(adapter([], 32), matrices)).toMatch(lacking);
    const obstacle = kernelObstacle(adapter([], 32), matrices);
    expect(obstacle).toMatch(/lacks shader-f16 and subgroups and chromium-experimental-subgroup-matrix$/);
    expect(kernelObstacle(adapter([], 32), subgroups)).toBe('the adapter lacks subgroups');
  });

  it('is nothing for the naive variant of each operation', () => {
    const naive = ALL_KERNELS.filter(({ variant }) => variant === 'naive');
    expect(new Set(naive.map(({ op }) => op))).toEqual(new Set(ALL_KERNELS.map(({ op }) => op)));
    for (const { name, declared } of naive) expect([...declared.enables], name).toEqual([]);
  });

  it('shows in every kernel whose text shares in a subgroup', () => {
    const sharing = ALL_KERNELS.filter(({ source }) => /\bsubgroup(Shuffle|Broadcast|Add)\(/.test(source));
    expect(sharing.length).toBeGreaterThan(3);
    for (const { name, declared } of sharing) expect([...declared.enables], name).toContain('subgroups');
  });
});
