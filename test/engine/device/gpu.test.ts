/** A stretch of WebGPU calls: its errors, its buffers, and what it leaves to others. */
import { afterAll, describe, expect, it } from 'vitest';
import { DataError, GpuError, OutOfMemoryError } from '../../../src/core/errors.js';
import { COPY_DST, COPY_SRC, MAP_READ, STORAGE } from '../../../src/engine/device/bufferUsage.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { Readback } from '../../../src/engine/device/readback.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';

const faulty = await testFaultyDevice();
const gpu = Gpu.borrow(faulty.device);
afterAll(() => expect(gpu.allocatedBytes).toBe(0));

const USAGE = STORAGE | COPY_SRC | COPY_DST;
const make = (bytes = 64): GPUBuffer => gpu.createBuffer('mine', bytes, USAGE);
const wrong = (): void => void gpu.device.createBuffer({ size: 16, usage: MAP_READ | STORAGE });

const noMore = (): void => {
  faulty.arm(1);
  make();
};

describe('guarded', () => {
  it('is the only place where buffers are made', async () => {
    expect(() => make()).toThrow(/mine is made outside of Gpu.guarded/);
    const buffer = await gpu.guarded('one', () => make());
    expect(gpu.allocatedBytes).toBe(64);
    gpu.destroyBuffer(buffer);
    expect(gpu.allocatedBytes).toBe(0);
  });

  it('takes no promise, whose calls would come too late', () => {
    const misuse = () => {
      // @ts-expect-error work must be synchronous
      void gpu.guarded('late', async () => make());
    };
    expect(misuse).toBeTypeOf('function');
  });

  it.each([
    [
      'work throws',
      () => {
        throw new DataError('mine');
      },
      DataError,
    ],
    ['WebGPU refuses something', wrong, GpuError],
    ['there is no memory for another', (): void => noMore(), OutOfMemoryError],
    ['another is larger than the adapter takes', (): void => void make(2 ** 40), OutOfMemoryError],
  ] as const)('frees what it made where %s', async (_, fail, kind) => {
    let made: GPUBuffer | undefined;
    const stretch = gpu.guarded('some', () => {
      made = make(1024);
      fail();
    });
    // Not before all of it is known to be well.
    expect(gpu.allocatedBytes).toBe(0);
    await expect(stretch).rejects.toBeInstanceOf(kind);
    faulty.arm(0);
    expect(gpu.allocatedBytes).toBe(0);
    const used = gpu.guarded('later', () => new Readback(gpu, 16).copy(made!, 0, 16));
    await expect(used).rejects.toThrow(/destroyed|invalid/i);
  });

  it('hears nothing of what is wrong around it, and others hear nothing of it', async () => {
    gpu.device.pushErrorScope('validation');
    const failing = expect(gpu.guarded('mine', wrong)).rejects.toThrow(/WebGPU refused mine/);
    const fine = gpu.guarded('fine', () => 5);
    wrong();
    const around = gpu.device.popErrorScope();
    expect(await fine).toBe(5);
    await failing;
    expect((await around)?.message).toMatch(/usage/i);
    gpu.device.pushErrorScope('validation');
    await expect(gpu.guarded('mine', wrong)).rejects.toThrow(GpuError);
    expect(await gpu.device.popErrorScope()).toBeNull();
  });

  it('can stand within another one', async () => {
    let inner: Promise<GPUBuffer> | undefined;
    const outer = await gpu.guarded('outer', () => {
      inner = gpu.guarded('inner', () => make());
      return make(128);
    });
    const buffers = [outer, await inner!];
    expect(gpu.allocatedBytes).toBe(192);
    for (const buffer of buffers) gpu.destroyBuffer(buffer);
  });

  it('frees what was made for a Gpu that ended meanwhile', async () => {
    const short = Gpu.borrow(faulty.device);
    const stretch = short.guarded('mine', () => short.createBuffer('mine', 64, USAGE));
    short.dispose();
    await expect(stretch).rejects.toThrow(/disposed/);
    expect(short.allocatedBytes).toBe(0);
  });
});

describe('a readback', () => {
  it('gives the bytes of the last copy, again and again, in memory that it has', async () => {
    const { from, back } = await gpu.guarded('both', () => ({ from: make(16), back: new Readback(gpu, 16) }));
    const before = gpu.allocatedBytes;
    const copy = (value: number) =>
      gpu.guarded('copy', () => {
        gpu.device.queue.writeBuffer(from, 0, new Float32Array(4).fill(value));
        back.copy(from, 0, 16);
      });
    for (const value of [1, 2, 3]) {
      await copy(value);
      expect([...new Float32Array(await back.take())]).toEqual(Array(4).fill(value));
    }
    // One that nobody took is forgotten.
    await copy(4);
    await copy(5);
    expect(new Float32Array(await back.take())[0]).toBe(5);
    await expect(back.take()).rejects.toThrow(GpuError);
    expect(gpu.allocatedBytes).toBe(before);
    back.dispose();
    gpu.destroyBuffer(from);
  });
});
