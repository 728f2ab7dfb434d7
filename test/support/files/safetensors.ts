/** Safetensors files with anything in them, for tests of the readers. */
import { readSafetensors, type StoredArray } from '../../../src/densenet/weights/torch/safetensors.js';

/** A tensor as a file stores it. */
export const storedArray = (dtype: string, shape: number[], values: ArrayBufferView): StoredArray => ({
  dtype,
  shape,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** A file of these tensors, in this order, with these metadata. */
export function packSafetensors(
  tensors: ReadonlyMap<string, StoredArray>,
  metadata?: Record<string, unknown>,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** The file as PyTorch would have saved it, without what chexgpu says in the metadata; tensors changed at will. */
export function asPyTorch(
  file: Uint8Array,
  change: (tensors: Map<string, StoredArray>) => void = () => {},
): Uint8Array {
  const { tensors } = readSafetensors(file);
  change(tensors);
  return packSafetensors(tensors, { format: 'pt' });
}

/** The tensors under other names. */
export function renamed(
  tensors: Map<string, StoredArray>,
  name: (old: string) => string,
): Map<string, StoredArray> {
  return new Map([...tensors].map(([key, array]) => [name(key), array]));
}
