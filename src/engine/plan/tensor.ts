/**
 * A tensor is a view of some floats on the GPU: NHWC, with room between pixels, so that a layer can
 * read the first c channels of a wider buffer, or write 32 channels into the middle of one.
 * Element x[b,h,w,c] lies at ((b*height + h)*width + w)*pixelStride + channelOffset + c.
 */
import { GpuError } from '../../core/errors.js';

/** Where the floats live. A plan fills in `buffer` for storages of its own arena. */
export interface Storage {
  readonly label: string;
  readonly bytes: number;
  buffer: GPUBuffer | null;
  readonly byteOffset: number;
  /** The storage that this one is a part of; `byteOffset` counts from its start, and it holds the buffer. */
  readonly whole?: Storage;
}

/** Bytes [byteOffset, byteOffset + bytes) of a storage; the offset must suit `minStorageBufferOffsetAlignment`. */
export function partOf(whole: Storage, byteOffset: number, bytes: number): Storage {
  return { label: whole.label, bytes, buffer: null, byteOffset, whole };
}

export interface Tensor {
  readonly storage: Storage;
  /** [b,h,w,c]; vectors are [1,1,1,n], matrices [rows,1,1,columns]. */
  readonly shape: readonly [number, number, number, number];
  /** Floats from one pixel to the next. */
  readonly pixelStride: number;
  readonly channelOffset: number;
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Pixels of a batch: b*h*w. */
export function pixels(t: Tensor): number {
  return t.shape[0] * t.shape[1] * t.shape[2];
}

export function channels(t: Tensor): number {
  return t.shape[3];
}

/** The same pixels, channels [from, from+count) only: no copy. */
export function channelSlice(t: Tensor, from: number, count: number): Tensor {
  if (from < 0 || from + count > t.shape[3]) {
    throw new RangeError(`channels [${from}, ${from + count}) do not lie in ${describe(t)}`);
  }
  const [b, h, w] = t.shape;
  return {
    storage: t.storage,
    shape: [b, h, w, count],
    pixelStride: t.pixelStride,
    channelOffset: t.channelOffset + from,
  };
}

/** Images [first, first + count) of a batch: no copy. */
export function imageSlice(t: Tensor, first: number, count: number): Tensor {
  const [b, h, w, c] = t.shape;
  if (first < 0 || first + count > b) {
    throw new RangeError(`images [${first}, ${first + count}) do not lie in ${describe(t)}`);
  }
  return { ...t, shape: [count, h, w, c], channelOffset: t.channelOffset + first * h * w * t.pixelStride };
}

/** A dense tensor over a storage of its own. */
export function denseTensor(storage: Storage, shape: readonly [number, number, number, number]): Tensor {
  return { storage, shape, pixelStride: shape[3], channelOffset: 0 };
}

/** The same without memory: enough to record. */
export function paperTensor(label: string, shape: Tensor['shape']): Tensor {
  return denseTensor({ label, bytes: 4 * elements(shape), buffer: null, byteOffset: 0 }, shape);
}

/** True when every channel index the kernels form is a multiple of four, so that vec4 loads work. */
export function isVec4(t: Tensor): boolean {
  return t.shape[3] % 4 === 0 && t.pixelStride % 4 === 0 && t.channelOffset % 4 === 0;
}

/**
 * For kernels that index a tensor as one flat array.
 * @throws GpuError when a tensor has room between its pixels
 */
export function requireDense(label: string, tensors: Readonly<Record<string, Tensor>>): void {
  for (const [name, t] of Object.entries(tensors)) {
    if (t.pixelStride !== t.shape[3] || t.channelOffset !== 0) {
      throw new GpuError(`${label}: ${name} must be dense, got a slice of ${describe(t)}.`);
    }
  }
}

export function describe(t: Tensor): string {
  return `${t.storage.label}[${t.shape.join(',')}]`;
}
