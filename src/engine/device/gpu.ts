/**
 * One device and what belongs to it: buffers that are counted, pipelines that are shared, error
 * scopes that become exceptions. Own (opened from an adapter, destroyed by `dispose`) or borrowed
 * (a GPUDevice handed in by the host page or service, left alone by `dispose`).
 */

import { requireMethod } from '../../core/arguments.js';
import { AdapterError, ChexError, DeviceLostError, GpuError, OutOfMemoryError } from '../../core/errors.js';
import { byteSize } from '../../core/formatting.js';
import type { Tuning } from '../plan/choice.js';
import type { Kernel, Scalars } from '../plan/kernel.js';
import { shippedTuning } from '../tuning/shipped/index.js';
import { EXTENSION_FEATURES, MATRIX_EXTENSION } from '../wgsl/extensions.js';
import { STORAGE } from './bufferUsage.js';
import { DeviceEnd } from './deviceEnd.js';
import { inScopes, type Report, type Stretch, type Synchronous } from './errorScopes.js';
import { describeAdapter, type GpuInfo } from './gpuInfo.js';
import { restUntil } from './pollingPause.js';
import { Readback } from './readback.js';

export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

interface Compiling {
  /** The driver has been asked and works on threads of its own, or it has failed. */
  begun: Promise<void>;
  ready: Promise<CompiledKernel>;
}

/** Features asked for where the adapter has them. */
const WANTED_FEATURES = [...Object.values(EXTENSION_FEATURES), 'timestamp-query'];
/** Limits raised to what the adapter offers. */
export const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** GPUShaderStage.COMPUTE */
const COMPUTE_STAGE = 0x4;

/** A buffer of the stretch that runs now, and what WebGPU says about it. */
interface Made {
  buffer: GPUBuffer;
  label: string;
  report: Promise<Report>;
}

/** Why a device is gone. */
export interface DeviceLoss {
  /** `destroyed` by whoever owns it, or for reasons of the driver and the browser. */
  reason: GPUDeviceLostReason;
  message: string;
}

/** A WebGPU device, its buffers, its pipelines, and what is known of its adapter; what models are made on. */
export class Gpu {
  private bytes = 0;
  private readonly live = new Set<GPUBuffer>();
  /** The stretch of calls that runs now: its buffers, and what to do where there is no memory for them. */
  private current: { made: Made[]; hint?: string } | null = null;
  private readonly compiled = new Map<string, Compiling>();
  private readonly sources = new Map<string, number>();
  private readonly end = new DeviceEnd();
  private disposed = false;
  /** Resolves, and never rejects, when the device is gone, whosever it is: with `reason` and `message` it says why. */
  readonly lost: Promise<DeviceLoss>;
  /** Variants that give wrong numbers on this adapter, e.g. `conv.forward.tiled`: no plan picks them. */
  readonly broken = new Set<string>();
  /** What is known of this adapter: a shipped table, or the tuner's; null where nothing is. */
  tuning: Tuning | null;

  private constructor(
    readonly device: GPUDevice,
    readonly info: GpuInfo,
    private readonly owned: boolean,
    private readonly onDispose: () => void,
  ) {
    this.tuning = shippedTuning(info);
    this.lost = device.lost.then(({ reason, message }) => {
      const words = message || reason || 'no reason given';
      this.end.come(() => new DeviceLostError(`The GPU device was lost: ${words.replace(/\.$/, '')}.`));
      return { reason: reason ?? 'unknown', message: words };
    });
  }

  /**
   * A device of our own.
   * @param onDispose runs after the device is destroyed (a host may have to let go of its driver)
   * @throws UsageError for what is no adapter; AdapterError when the adapter refuses to give a device
   */
  static async open(adapter: GPUAdapter, onDispose: () => void = () => {}): Promise<Gpu> {
    requireMethod('The adapter', adapter, 'requestDevice', 'GPUAdapter');
    const requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f)) as GPUFeatureName[];
    const requiredLimits: Record<string, number> = {};
    for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({ requiredFeatures, requiredLimits, label: 'chexgpu' });
    } catch (cause) {
      throw new AdapterError(`The WebGPU adapter gave no device: ${(cause as Error).message}`);
    }
    // Nobody waits for these, and Dawn in Node would print them on stdout, where results stand.
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      console.error(`WebGPU: ${event.error.message}`);
    });
    return new Gpu(device, describeAdapter(adapter.info, device), true, onDispose);
  }

  /** A device of the host's: used, never destroyed. @throws UsageError for what is none */
  static borrow(device: GPUDevice): Gpu {
    requireMethod('The device', device, 'createBuffer', 'GPUDevice');
    return new Gpu(device, describeAdapter(device.adapterInfo, device), false, () => {});
  }

  /** Bytes of GPU buffers alive now. */
  get allocatedBytes(): number {
    return this.bytes;
  }

  /**
   * A zeroed buffer; only within `guarded`, which frees it again if anything of its stretch fails.
   * @throws OutOfMemoryError when it is larger than the adapter allows in one buffer
   */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.assertAlive();
    if (!this.current) throw new GpuError(`The buffer ${label} is made outside of Gpu.guarded.`);
    const { made, hint } = this.current;
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    const limit = this.device.limits.maxBufferSize;
    const binding = usage & STORAGE ? this.device.limits.maxStorageBufferBindingSize : limit;
    if (size > Math.min(limit, binding)) {
      throw new OutOfMemoryError(
        `The tensor ${label} needs ${byteSize(size)}; this adapter binds at most ` +
          `${byteSize(Math.min(limit, binding))} at once.`,
        hint,
      );
    }
    // Size and usage are right, so whatever WebGPU has against it is want of memory.
    const what = `${label} (${byteSize(size)})`;
    const { outcome, report } = inScopes(this.device, () => this.device.createBuffer({ label, size, usage }));
    if ('thrown' in outcome) throw noMemory(what, (outcome.thrown as Error)?.message ?? '', hint);
    made.push({ buffer: outcome.value, label: what, report });
    return outcome.value;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.live.delete(buffer)) return;
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /**
   * Runs `work` and turns what WebGPU reports about it into an exception. All or nothing: buffers that it made
   * count, and are there, once all of it is known to be well.
   * @param work WebGPU calls without a wait among them: see errorScopes.ts
   * @param hint what to do where there is no memory
   * @throws OutOfMemoryError, GpuError
   */
  async guarded<T>(what: string, work: () => Synchronous<T>, hint?: string): Promise<T> {
    this.assertAlive();
    const { outcome, report, made } = this.stretch(work, hint);
    try {
      const [all, ...each] = await this.end.until(Promise.all([report, ...made.map((one) => one.report)]));
      this.assertAlive();
      const failed = each.findIndex(({ memory, refused }) => memory !== null || refused !== null);
      if (failed >= 0) {
        throw noMemory(made[failed].label, each[failed].memory ?? each[failed].refused ?? '', hint);
      }
      if (all.memory !== null) throw noMemory(what, all.memory, hint);
      if ('thrown' in outcome) throw typed(what, outcome.thrown, hint);
      if (all.refused !== null) throw new GpuError(`WebGPU refused ${what}: ${all.refused}`);
    } catch (error) {
      for (const { buffer } of made) buffer.destroy();
      throw error;
    }
    for (const { buffer } of made) {
      this.live.add(buffer);
      this.bytes += buffer.size;
    }
    return outcome.value;
  }

  private stretch<T>(work: () => Synchronous<T>, hint?: string): Stretch<T> & { made: Made[] } {
    const around = this.current;
    const made: Made[] = [];
    this.current = { made, hint };
    try {
      return { ...inScopes(this.device, work), made };
    } finally {
      this.current = around;
    }
  }

  /**
   * Compiles a kernel once for these constants; later calls share it.
   * @throws GpuError with the compiler's messages
   */
  compile(kernel: Kernel, constants: Scalars): Promise<CompiledKernel> {
    return this.compiling(kernel, constants).ready;
  }

  /**
   * Has the driver begin to compile a kernel that `compile` will be asked for; only that will say what fails.
   * @returns settles when the driver is at it: from then on this thread may be kept busy
   */
  beginCompiling(kernel: Kernel, constants: Scalars): Promise<void> {
    return this.compiling(kernel, constants).begun;
  }

  private compiling(kernel: Kernel, constants: Scalars): Compiling {
    // By text, not by name: the lab brings kernels under the names of built-in ones.
    const text = this.sources.get(kernel.source) ?? this.sources.size;
    this.sources.set(kernel.source, text);
    const key = `${text}|${JSON.stringify(Object.entries(constants).sort())}`;
    let entry = this.compiled.get(key);
    if (!entry) {
      let atIt = (): void => {};
      const asked = new Promise<void>((resolve) => {
        atIt = resolve;
      });
      const ready = this.compileNow(kernel, constants, () => atIt());
      const failed = ready.then(
        () => {},
        () => void this.compiled.delete(key),
      );
      entry = { ready, begun: Promise.race([asked, failed]) };
      this.compiled.set(key, entry);
    }
    return entry;
  }

  /** Pipelines compiled so far on this device. */
  get pipelineCount(): number {
    return this.compiled.size;
  }

  private async compileNow(kernel: Kernel, constants: Scalars, onAsked: () => void): Promise<CompiledKernel> {
    this.assertAlive();
    const { device } = this;
    const label = kernel.name;
    const code = await this.end.until(spelled(device, kernel, constants));
    this.assertAlive();
    const { outcome, report } = inScopes(device, () => {
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
      return { module, layout, pipelineLayout };
    });
    if ('thrown' in outcome) throw typed(`the shader ${label}`, outcome.thrown);
    const { module, layout, pipelineLayout } = outcome.value;
    const [information, { memory, refused }] = await this.end.until(
      Promise.all([module.getCompilationInfo(), report]),
    );
    this.assertAlive();
    const messages = information.messages
      .filter((m) => m.type === 'error')
      .map((m) => `  ${label}.wgsl:${m.lineNum}:${m.linePos} ${m.message}`);
    const error = refused ?? memory;
    if (messages.length || error !== null) {
      throw new GpuError(
        `The shader ${label} with ${JSON.stringify(constants)} does not compile:\n` +
          (messages.length ? messages.join('\n') : error),
      );
    }
    try {
      const asked = device.createComputePipelineAsync({
        label,
        layout: pipelineLayout,
        compute: { module, entryPoint: 'main' },
      });
      onAsked();
      const pipeline = await this.wait(asked);
      this.assertAlive();
      return { pipeline, layout };
    } catch (cause) {
      this.assertAlive();
      throw new GpuError(`No pipeline for the shader ${label}: ${(cause as Error).message}`);
    }
  }

  /** Copies bytes back from the GPU. Waits for all work submitted before. */
  async read(buffer: GPUBuffer, byteOffset: number, bytes: number): Promise<ArrayBuffer> {
    const back = await this.guarded(`reading ${bytes} bytes back`, () => {
      const made = new Readback(this, bytes);
      made.copy(buffer, byteOffset, bytes);
      return made;
    });
    try {
      return await back.take();
    } finally {
      back.dispose();
    }
  }

  /** Waits for something else. @throws DeviceLostError as soon as the device is gone */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.end.until(promise);
  }

  /** Waits for the GPU; a software one gets the cores meanwhile. @throws DeviceLostError as soon as it is gone */
  wait<T>(promise: Promise<T>): Promise<T> {
    const ended = this.end.until(promise);
    return this.info.kind === 'software' ? restUntil(ended) : ended;
  }

  /** Waits until everything submitted so far has run. */
  async idle(): Promise<void> {
    await this.wait(this.device.queue.onSubmittedWorkDone());
    this.assertAlive();
  }

  /** @throws DeviceLostError when the device is gone; GpuError when this Gpu was disposed */
  assertAlive(): void {
    this.end.check();
  }

  /**
   * Frees every buffer, at once: calls under way, and later ones, reject with a GpuError. Destroys the device if it is
   * our own. Safe to call twice.
   */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.end.come(() => new GpuError('This Gpu was disposed.', 'Open a new one.'));
    for (const buffer of this.live) buffer.destroy();
    this.live.clear();
    this.compiled.clear();
    this.bytes = 0;
    if (this.owned) this.device.destroy();
    this.onDispose();
  }
}

/** The text of a kernel as a device spells it: what spells matrices is loaded for kernels that have any. */
async function spelled(device: GPUDevice, kernel: Kernel, constants: Scalars): Promise<string> {
  const text = kernel.specialise(constants);
  if (!kernel.declared.enables.has(MATRIX_EXTENSION)) return text;
  const { matrixSyntax } = await import('../wgsl/subgroupMatrix.js');
  return matrixSyntax(device, text);
}

function noMemory(what: string, reason: string, hint?: string, options?: ErrorOptions): OutOfMemoryError {
  const why = reason.split('\n')[0].replace(/\.?$/, '.');
  return new OutOfMemoryError(`The GPU has no memory left for ${what}: ${why}`, hint, options);
}

/** What WebGPU's calls throw, as an error of ours: a RangeError is its word for want of memory. */
function typed(what: string, thrown: unknown, hint?: string): ChexError {
  if (thrown instanceof ChexError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof RangeError) return noMemory(what, message, hint, { cause: thrown });
  return new GpuError(`WebGPU refused ${what}: ${message}`, undefined, { cause: thrown });
}
