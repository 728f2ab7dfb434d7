/** The safetensors format, written by hand: safetensors.ts describes it. */

/** A tensor to write: Float32Array becomes F32, the bits of a Uint16Array F16, BigInt64Array I64. */
export interface ArrayToStore {
  shape: readonly number[];
  data: Float32Array | Uint16Array | BigInt64Array;
}

/**
 * The bytes of a safetensors file. As the format's own writer does, wide numbers come first and the header
 * is padded with blanks, so that every number lies at a multiple of its size.
 */
export function makeSafetensors(
  tensors: ReadonlyMap<string, ArrayToStore>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const width = ([, { data }]: [string, ArrayToStore]) => data.BYTES_PER_ELEMENT;
  const sorted = [...tensors].sort((a, b) => width(b) - width(a));
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Uint16Array ? 'F16' : 'I64';
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
