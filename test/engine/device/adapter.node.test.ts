import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeProgram, nodeProgram } from '../../support/programs/nodeProgram.js';

/** Finds an adapter, doubles 1024 numbers on it, and lets go in the way the argument says. */
const PROGRAM = `
import { findAdapter } from './src/engine/device/adapter.node.ts';

const how = process.argv[2] ?? '';
try {
  const found = await findAdapter({ quiet: how === 'quiet' });
  const device = await found.adapter.requestDevice();
  const module = device.createShaderModule({ code:
    '@group(0) @binding(0) var<storage, read_write> x: array<f32>;' +
    '@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u)' +
    '{ var s = 0f; for (var i = 0; i < 20000; i++) { s = s * 0.5 + f32(id.x); } x[id.x] = s; }' });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const x = device.createBuffer({ size: 4096, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const back = device.createBuffer({ size: 4096, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const layout = pipeline.getBindGroupLayout(0);
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: x } }] });
  const submit = () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(32);
    pass.end();
    encoder.copyBufferToBuffer(x, 0, back, 0, 4096);
    device.queue.submit([encoder.finish()]);
  };
  submit();
  await back.mapAsync(GPUMapMode.READ);
  const last = new Float32Array(back.getMappedRange())[1023];
  back.unmap();
  if (how.includes('flight')) {
    submit();
    void back.mapAsync(GPUMapMode.READ).catch(() => {});
  }
  if (!how.includes('keep')) device.destroy();
  console.log(JSON.stringify({ kind: found.kind, why: found.why, headline: found.headline, last,
    drivers: process.env.VK_DRIVER_FILES ?? null }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message, code: error.code }));
}
`;

/** What the program above prints. */
interface Said {
  kind: string;
  why: string;
  headline: string;
  last: number;
  drivers: string | null;
  error: string;
  message: string;
  code: string;
}

const UNSET = { CHEXGPU_ADAPTER: undefined, VK_DRIVER_FILES: undefined, VK_ICD_FILENAMES: undefined };
const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64';
const cache = mkdtempSync(join(tmpdir(), 'chexgpu-adapter-'));
/** Homes of its own: what this machine's user has in the cache must not help. */
const HOMES = { HOME: join(cache, 'home'), XDG_CACHE_HOME: undefined, TMPDIR: join(cache, 'tmp') };
let program: NodeProgram;
const drivers: Record<string, boolean> = {};

async function say(env: Record<string, string | undefined>, ...args: string[]) {
  const ended = await program.run({ ...UNSET, ...HOMES, CHEXGPU_CACHE: join(cache, 'usual'), ...env }, args);
  const line = ended.stdout.trim().split('\n').at(-1) ?? '';
  return { ...ended, said: JSON.parse(line || '{}') as Said };
}

beforeAll(async () => {
  mkdirSync(HOMES.TMPDIR);
  program = await nodeProgram('adapter', PROGRAM);
  for (const kind of ['hardware', 'lavapipe', 'swiftshader']) {
    drivers[kind] = (await say({ CHEXGPU_ADAPTER: kind })).said.kind === kind;
  }
});

afterAll(() => {
  program.remove();
  rmSync(cache, { recursive: true, force: true });
});

describe('findAdapter', () => {
  it('takes hardware before lavapipe before SwiftShader, computes on it and says why', async () => {
    const { said, code } = await say({});
    const best = ['hardware', 'lavapipe', 'swiftshader'].find((kind) => drivers[kind]);
    expect(said.kind).toBe(best);
    expect(said.headline).toContain(said.why);
    expect(said.last).toBeCloseTo(2046, 3);
    expect(code).toBe(0);
  });

  it.runIf(onLinuxX64)('has the embedded SwiftShader on Linux x64 where no driver is visible', async () => {
    const { said, code, stderr } = await say({ VK_DRIVER_FILES: '/nonexistent.json' });
    // Asked without a driver, Dawn prints where in its sources that failed.
    expect(stderr).not.toContain('vkCreateInstance');
    expect(said).toMatchObject({ kind: 'swiftshader', drivers: '/nonexistent.json' });
    expect(said.last).toBeCloseTo(2046, 3);
    expect(said.why).toContain('/nonexistent.json');
    expect(code).toBe(0);
  });

  it('ends with the adapter that CHEXGPU_ADAPTER names, or with what to install', async () => {
    for (const kind of Object.keys(drivers)) {
      const { said } = await say({ CHEXGPU_ADAPTER: kind });
      if (drivers[kind]) {
        expect(said).toMatchObject({ kind, drivers: null });
        expect(said.why).toContain(`CHEXGPU_ADAPTER=${kind}`);
      } else {
        expect(said).toMatchObject({ error: 'AdapterError', code: 'adapter' });
        for (const system of ['Debian', 'Ubuntu', 'Fedora', 'macOS', 'Windows']) {
          expect(said.message).toContain(system);
        }
      }
    }
  });

  it('refuses a CHEXGPU_ADAPTER it does not know', async () => {
    const { said } = await say({ CHEXGPU_ADAPTER: 'voodoo' });
    expect(said).toMatchObject({ error: 'UsageError', code: 'usage' });
    expect(said.message).toContain("'voodoo'");
  });

  it.runIf(onLinuxX64)(
    'unpacks SwiftShader once for many processes, and again when it is damaged',
    async () => {
      const fresh = join(cache, 'fresh');
      mkdirSync(fresh);
      const env = { CHEXGPU_ADAPTER: 'swiftshader', CHEXGPU_CACHE: fresh };
      const kinds = await Promise.all([1, 2, 3].map(async () => (await say(env)).said.kind));
      expect(kinds).toEqual(['swiftshader', 'swiftshader', 'swiftshader']);
      const folders = readdirSync(fresh);
      expect(folders).toHaveLength(1);
      const library = join(fresh, folders[0], 'libvk_swiftshader.so');
      writeFileSync(library, 'cut short');
      expect((await say(env)).said.kind).toBe('swiftshader');
      expect(statSync(library).size).toBeGreaterThan(1e6);
    },
  );

  it.runIf(onLinuxX64)('goes on in another folder when the cache cannot be written', async () => {
    const file = join(cache, 'a-file');
    writeFileSync(file, '');
    const env = { CHEXGPU_ADAPTER: 'swiftshader', CHEXGPU_CACHE: file, XDG_CACHE_HOME: join(cache, 'xdg') };
    expect((await say(env)).said.kind).toBe('swiftshader');
    expect(readdirSync(join(cache, 'xdg', 'chexgpu'))).toHaveLength(1);
  });

  it('lets the process end by itself at once with code 0, also with work in flight', async () => {
    for (const kind of Object.keys(drivers).filter((known) => drivers[known])) {
      for (const how of ['', 'flight', 'flight keep', 'quiet']) {
        const { code, signal, milliseconds, stderr } = await say({ CHEXGPU_ADAPTER: kind }, how);
        expect({ kind, how, code, signal, stderr: stderr.includes('terminate') }).toEqual({
          kind,
          how,
          code: 0,
          signal: null,
          stderr: false,
        });
        expect(milliseconds).toBeLessThan(20_000);
      }
    }
  });
});
