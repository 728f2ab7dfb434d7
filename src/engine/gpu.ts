/**
 * One device and what belongs to it: buffers that are counted, pipelines that are shared, error
 * scopes that become exceptions. Own (opened from an adapter, destroyed by `dispose`) or borrowed
 * (a GPUDevice handed in by the host page or service, left alone by `dispose`).
 */
import { AdapterError, GpuError, OutOfMemoryError } from '../core/errors.js';
import type { Kernel, Scalars } from './kernel.js';
import type { Tuning } from './plan.js';
import { restUntil } from './rest.js';
import { matrixSyntax } from './subgroupMatrix.js';
import type { Tuner } from './tuner.js';
import { shippedTuning } from './tunings/index.js';

export interface GpuInfo {
  /** `hardware`, or what kind of software runs. */
  kind: 'hardware' | 'software';
  vendor: string;
  architecture: string;
  description: string;
  features: string[];
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** Features asked for where the adapter has them. */
const WANTED_FEATURES = [
  'shader-f16',
  'subgroups',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
] as const;
/** Limits raised to what the adapter offers. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export class Gpu {
  private bytes = 0;
  private readonly live = new Set<GPUBuffer>();
  private readonly compiled = new Map<string, Promise<CompiledKernel>>();
  private readonly sources = new Map<string, number>();
  private lostReason: string | null = null;
  private disposed = false;
  /** Variants that failed the self-test on this adapter, e.g. `conv.forward.tiled`. */
  readonly broken = new Set<string>();
  /** What is known of this adapter: a shipped table, or the tuner's; null where nothing is. */
  tuning: Tuning | null;
  /** Measures what is not known yet; null where nothing is to be measured. */
  tuner: Tuner | null = null;

  private constructor(
    readonly device: GPUDevice,
    readonly info: GpuInfo,
    private readonly owned: boolean,
    private readonly onDispose: () => void,
  ) {
    this.tuning = shippedTuning(info);
    void device.lost.then((lost) => {
      if (!this.disposed) this.lostReason = lost.message || lost.reason || 'no reason given';
    });
  }

  /**
   * A device of our own.
   * @param onDispose runs after the device is destroyed (a host may have to let go of its driver)
   * @throws AdapterError when the adapter refuses to give a device
   */
  static async open(adapter: GPUAdapter, onDispose: () => void = () => {}): Promise<Gpu> {
    const requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f)) as GPUFeatureName[];
    const requiredLimits: Record<string, number> = {};
    for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({ requiredFeatures, requiredLimits, label: 'chexgpu' });
    } catch (cause) {
      throw new AdapterError(`The WebGPU adapter gave no device: ${(cause as Error).message}`);
    }
    return new Gpu(device, describeAdapter(adapter.info, device), true, onDispose);
  }

  /** A device of the host's: used, never destroyed. */
  static borrow(device: GPUDevice): Gpu {
    return new Gpu(device, describeAdapter(device.adapterInfo, device), false, () => {});
  }

  /** Bytes of GPU buffers alive now. */
  get allocatedBytes(): number {
    return this.bytes;
  }

  /**
   * A zeroed buffer.
   * @throws OutOfMemoryError when it is larger than the adapter allows in one buffer
   */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.assertAlive();
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    const limit = this.device.limits.maxBufferSize;
    const binding = usage & STORAGE ? this.device.limits.maxStorageBufferBindingSize : limit;
    if (size > Math.min(limit, binding)) {
      throw new OutOfMemoryError(
        `The tensor ${label} needs ${megabytes(size)}; this adapter binds at most ` +
          `${megabytes(Math.min(limit, binding))} at once.`,
      );
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.live.add(buffer);
    this.bytes += size;
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.live.delete(buffer)) return;
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /**
   * Runs `work` and turns what WebGPU reports about it into an exception.
   * @throws OutOfMemoryError, GpuError
   */
  async guarded<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.assertAlive();
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    this.device.pushErrorScope('internal');
    let result: T;
    let failure: unknown;
    try {
      result = await work();
    } catch (error) {
      failure = error ?? new Error('unknown');
    }
    const internal = await this.device.popErrorScope();
    const validation = await this.device.popErrorScope();
    const memory = await this.device.popErrorScope();
    if (memory)
      throw new OutOfMemoryError(`The GPU has no memory left for ${what}: ${firstLine(memory.message)}`);
    if (failure) throw failure;
    this.assertAlive();
    const error = validation ?? internal;
    if (error) throw new GpuError(`WebGPU refused ${what}: ${error.message}`);
    return result!;
  }

  /**
   * Compiles a kernel once for these constants; later calls share it.
   * @throws GpuError with the compiler's messages
   */
  compile(kernel: Kernel, constants: Scalars): Promise<CompiledKernel> {
    // By text, not by name: the lab brings kernels under the names of built-in ones.
    const text = this.sources.get(kernel.source) ?? this.sources.size;
    this.sources.set(kernel.source, text);
    const key = `${text}|${JSON.stringify(Object.entries(constants).sort())}`;
    let entry = this.compiled.get(key);
    if (!entry) {
      entry = this.compileNow(kernel, constants);
      entry.catch(() => this.compiled.delete(key));
      this.compiled.set(key, entry);
    }
    return entry;
  }

  /** Pipelines compiled so far on this device. */
  get pipelineCount(): number {
    return this.compiled.size;
  }

  private async compileNow(kernel: Kernel, constants: Scalars): Promise<CompiledKernel> {
    this.assertAlive();
    const { device } = this;
    const label = kernel.name;
    const code = await matrixSyntax(device, kernel.specialise(constants));
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    const layout = device.createBindGroupLayout({
      label,
      entries: kernel.bindings.map(({ index, type }) => ({
        binding: index,
        visibility: COMPUTE_STAGE,
        buffer: { type },
      })),
    });
    const pipelineLayout = device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
    const scope = device.popErrorScope();
    const messages = (await module.getCompilationInfo()).messages
      .filter((m) => m.type === 'error')
      .map((m) => `  ${label}.wgsl:${m.lineNum}:${m.linePos} ${m.message}`);
    const error = await scope;
    if (messages.length || error) {
      throw new GpuError(
        `The shader ${label} with ${JSON.stringify(constants)} does not compile:\n` +
          (messages.length ? messages.join('\n') : error?.message),
      );
    }
    try {
      const pipeline = await this.wait(
        device.createComputePipelineAsync({
          label,
          layout: pipelineLayout,
          compute: { module, entryPoint: 'main' },
        }),
      );
      return { pipeline, layout };
    } catch (cause) {
      this.assertAlive();
      throw new GpuError(`No pipeline for the shader ${label}: ${(cause as Error).message}`);
    }
  }

  /** Copies bytes back from the GPU. Waits for all work submitted before. */
  async read(buffer: GPUBuffer, byteOffset: number, bytes: number): Promise<ArrayBuffer> {
    this.assertAlive();
    const staging = this.createBuffer('readback', bytes, MAP_READ | COPY_DST);
    try {
      const encoder = this.device.createCommandEncoder({ label: 'readback' });
      encoder.copyBufferToBuffer(buffer, byteOffset, staging, 0, bytes);
      this.device.queue.submit([encoder.finish()]);
      await this.wait(staging.mapAsync(MAP_MODE_READ, 0, bytes));
      const copy = staging.getMappedRange(0, bytes).slice(0);
      staging.unmap();
      return copy;
    } catch (cause) {
      this.assertAlive();
      throw new GpuError(`Reading ${bytes} bytes back from the GPU failed: ${(cause as Error).message}`);
    } finally {
      this.destroyBuffer(staging);
    }
  }

  /** Waits for the GPU; a software one gets the cores meanwhile. */
  private wait<T>(promise: Promise<T>): Promise<T> {
    return this.info.kind === 'software' ? restUntil(promise) : promise;
  }

  /** Waits until everything submitted so far has run. */
  async idle(): Promise<void> {
    await this.wait(this.device.queue.onSubmittedWorkDone());
    this.assertAlive();
  }

  /** @throws GpuError when the device is gone */
  assertAlive(): void {
    if (this.disposed) throw new GpuError('This Gpu was disposed.', 'Open a new one.');
    if (this.lostReason !== null) {
      throw new GpuError(
        `The GPU device was lost: ${this.lostReason}.`,
        'Open a new one; train from the last checkpoint.',
      );
    }
  }

  /** Frees every buffer; destroys the device if it is our own. Safe to call twice. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const buffer of this.live) buffer.destroy();
    this.live.clear();
    this.compiled.clear();
    this.bytes = 0;
    if (this.owned) this.device.destroy();
    this.onDispose();
  }
}

function describeAdapter(info: GPUAdapterInfo, device: GPUDevice): GpuInfo {
  const software =
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software/i.test(`${info.architecture} ${info.device} ${info.description}`);
  return {
    kind: software ? 'software' : 'hardware',
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || info.device || info.architecture || info.vendor || 'unknown adapter',
    features: [...device.features].sort(),
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
  };
}

/*
 * The numbers of the WebGPU specification's usage flags: the constants' globals exist in browsers but
 * not in Node, and a borrowed device brings none.
 */
export const MAP_READ = 0x1;
export const COPY_SRC = 0x4;
export const COPY_DST = 0x8;
export const UNIFORM = 0x40;
export const STORAGE = 0x80;
const COMPUTE_STAGE = 0x4;
const MAP_MODE_READ = 0x1;

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;
}

function firstLine(text: string): string {
  return text.split('\n')[0];
}
