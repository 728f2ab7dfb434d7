import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';

const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><title>chexgpu test</title>' +
  '<script type="module" src="page.js"></script>';
const SCRIPT = `
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter.requestDevice();
const module = device.createShaderModule({ code:
  '@group(0) @binding(0) var<storage, read_write> x: array<f32>;' +
  '@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = 3 * x[id.x] + 1; }' });
const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
const input = Float32Array.from({ length: 256 }, () => Math.random());
const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
const x = device.createBuffer({ size: 1024, usage: STORAGE | COPY_SRC | COPY_DST });
const back = device.createBuffer({ size: 1024, usage: COPY_DST | MAP_READ });
device.queue.writeBuffer(x, 0, input);
const encoder = device.createCommandEncoder();
const pass = encoder.beginComputePass();
pass.setPipeline(pipeline);
const entries = [{ binding: 0, resource: { buffer: x } }];
pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
pass.dispatchWorkgroups(8);
pass.end();
encoder.copyBufferToBuffer(x, 0, back, 0, 1024);
device.queue.submit([encoder.finish()]);
await back.mapAsync(GPUMapMode.READ);
globalThis.outcome = {
  architecture: adapter.info.architecture,
  features: [...adapter.features],
  input: [...input],
  output: [...new Float32Array(back.getMappedRange())],
};
`;

describe.runIf(CHROMIUM_RUNS_HERE)('the headless Chromium for tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-page-'));
  let opened: OpenedPage;

  beforeAll(async () => {
    writeFileSync(join(folder, 'index.html'), PAGE);
    writeFileSync(join(folder, 'page.js'), SCRIPT);
    opened = await openInChromium(folder);
  });

  afterAll(async () => {
    await opened?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('computes on a WebGPU adapter', async () => {
    const handle = await opened.page.waitForFunction(() => (globalThis as { outcome?: unknown }).outcome);
    const outcome = (await handle.jsonValue()) as {
      architecture: string;
      features: string[];
      input: number[];
      output: number[];
    };
    console.log(`Chromium on ${outcome.architecture} was up in ${opened.startMilliseconds.toFixed(0)} ms`);
    expect(outcome.architecture).toBe('swiftshader');
    expect(outcome.features).toContain('subgroups');
    expect(outcome.output).toHaveLength(256);
    for (const [i, value] of outcome.output.entries()) expect(value).toBeCloseTo(3 * outcome.input[i] + 1, 5);
    expect(opened.problems).toEqual([]);
  });

  it('keeps the page to its own files', async () => {
    const answer = await opened.page.evaluate(async () => {
      const inline = document.createElement('script');
      inline.textContent = 'globalThis.inlineRan = true';
      document.body.append(inline);
      const outside = await fetch('https://example.com/').then(
        () => 'loaded',
        () => 'refused',
      );
      const above = await fetch('/..%2f..%2fetc/passwd').then((response) => response.status);
      return { inlineRan: 'inlineRan' in globalThis, outside, above };
    });
    expect(answer).toEqual({ inlineRan: false, outside: 'refused', above: 404 });
    expect(opened.problems.length).toBeGreaterThan(0);
  });
});
