/** A place for bytes on their way back from the GPU. Kept, so that a step that is repeated allocates nothing. */
import { GpuError } from '../../core/errors.js';
import { COPY_DST, MAP_READ } from './bufferUsage.js';

/** What it needs of a Gpu. */
export interface BufferOwner {
  readonly device: GPUDevice;
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer;
  destroyBuffer(buffer: GPUBuffer): void;
  wait<T>(promise: Promise<T>): Promise<T>;
  assertAlive(): void;
}

const MAP_MODE_READ = 0x1;

export class Readback {
  private readonly staging: GPUBuffer;
  private coming: { bytes: number; mapped: Promise<void> } | null = null;

  /** To be made within `Gpu.guarded`. */
  constructor(
    private readonly gpu: BufferOwner,
    bytes: number,
  ) {
    this.staging = gpu.createBuffer('readback', bytes, MAP_READ | COPY_DST);
  }

  /** Copies bytes behind all work submitted before; within `Gpu.guarded`. Whatever was not taken is forgotten. */
  copy(from: GPUBuffer, byteOffset: number, bytes: number): void {
    this.staging.unmap();
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: 'readback' });
    encoder.copyBufferToBuffer(from, byteOffset, this.staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    const mapped = this.staging.mapAsync(MAP_MODE_READ, 0, bytes);
    // Of a copy that was refused nobody asks for the bytes.
    mapped.catch(() => {});
    this.coming = { bytes, mapped };
  }

  /**
   * The bytes of the last copy, when they are there.
   * @throws GpuError when they do not come
   */
  async take(): Promise<ArrayBuffer> {
    if (!this.coming) throw new GpuError('Nothing was copied to be read back.');
    const { bytes, mapped } = this.coming;
    this.coming = null;
    try {
      await this.gpu.wait(mapped);
      this.gpu.assertAlive();
      return this.staging.getMappedRange(0, bytes).slice(0);
    } catch (cause) {
      this.gpu.assertAlive();
      throw new GpuError(`Reading ${bytes} bytes back from the GPU failed: ${(cause as Error).message}`);
    } finally {
      this.staging.unmap();
    }
  }

  dispose(): void {
    this.gpu.destroyBuffer(this.staging);
  }
}
