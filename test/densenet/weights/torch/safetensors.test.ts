import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { floatsOf, readSafetensors } from '../../../../src/densenet/weights/torch/safetensors.js';
import { makeSafetensors } from '../../../../src/densenet/weights/torch/safetensorsWrite.js';
import { golden } from '../../../support/golden/parity.js';

const { sample } = golden<{ sample: { base64: string; values: Record<string, number[]> } }>(
  'torch/torch_weights.json',
);

/** A file with this header and this many bytes of data. */
function fileOf(header: unknown, data = 0, length?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('a file of the safetensors package', () => {
  const bytes = Uint8Array.from(Buffer.from(sample.base64, 'base64'));

  it('is read: every float dtype, shapes and metadata', () => {
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ format: 'pt', note: 'für den Test' });
    expect([...tensors.keys()].sort()).toEqual(Object.keys(sample.values).sort());
    expect(tensors.get('count')).toMatchObject({ dtype: 'I64', shape: [] });
    for (const key of ['single', 'half', 'brain', 'double']) {
      const array = tensors.get(key)!;
      expect(array.shape).toEqual([2, 3]);
      expect(floatsOf(array, key), key).toEqual(Float32Array.from(sample.values[key]));
    }
  });

  it("is read from Node's Buffer, whose slices are no copies", () => {
    const { tensors } = readSafetensors(Buffer.from(sample.base64, 'base64'));
    expect(floatsOf(tensors.get('half')!, 'half')).toEqual(Float32Array.from(sample.values.half));
  });

  it('is read from any position in a buffer', () => {
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { tensors } = readSafetensors(shifted.subarray(3));
    expect(floatsOf(tensors.get('single')!, 'single')).toEqual(Float32Array.from(sample.values.single));
  });

  it('is refused when it ends early, wherever that is', () => {
    for (let length = 8; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length), 'x'), String(length)).toThrow(
        /^x is cut short: it has \d+ bytes, its header says \d+\. Get the file again\.$/,
      );
    }
  });
});

describe('float16', () => {
  it('has every value of IEEE 754: subnormal, largest, signed zero, infinite, not a number', () => {
    const halves = Uint16Array.from([1, 0x3ff, 0x400, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555]);
    const array = { dtype: 'F16', shape: [9], bytes: new Uint8Array(halves.buffer) };
    const wanted = [2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, Infinity, -Infinity, NaN, 1365 / 4096];
    expect([...floatsOf(array, 'x')]).toEqual(wanted);
  });
});

describe('what is written', () => {
  it('comes back, with numbers at multiples of their size', () => {
    const bytes = makeSafetensors(
      new Map([
        ['a', { shape: [3], data: Float32Array.from([1, 2, 3]) }],
        ['n', { shape: [], data: BigInt64Array.from([5n]) }],
        ['b', { shape: [1, 2], data: Float32Array.from([-0.1, 1e30]) }],
        ['none', { shape: [0, 4], data: new Float32Array(0) }],
      ]),
      { format: 'pt' },
    );
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(['n', 'a', 'b', 'none']);
    expect(floatsOf(tensors.get('b')!, 'b')).toEqual(Float32Array.from([-0.1, 1e30]));
    for (const { bytes: data, dtype } of tensors.values()) {
      expect(data.byteOffset % (dtype === 'I64' ? 8 : 4)).toBe(0);
    }
  });
});

describe('a good safetensors file is read', () => {
  // Little-endian, these lengths begin as pickles do: 0x80 and a protocol.
  it.each([0x0280, 0x0380, 0x0480, 0x0580])(
    'with a header of %i bytes, and one cut short is called that',
    (n) => {
      const header = JSON.stringify({ a: entry(0, 4) });
      const bytes = fileOf(header.padEnd(n), 4);
      expect(bytes[0]).toBe(0x80);
      expect([...readSafetensors(bytes).tensors.keys()]).toEqual(['a']);
      expect(() => readSafetensors(bytes.subarray(0, bytes.length - 1), 'x')).toThrow(/x is cut short/);
      expect(() => readSafetensors(bytes.subarray(0, 20), 'x')).toThrow(/x is cut short/);
    },
  );

  it('whatever its header begins like: a zip, a web page', () => {
    const zip = fileOf(JSON.stringify({ a: entry(0, 4) }).padEnd(0x4b50), 4);
    expect([...zip.subarray(0, 2)]).toEqual([0x50, 0x4b]);
    expect(readSafetensors(zip).tensors.size).toBe(1);
  });

  it('with metadata that are null', () => {
    expect(readSafetensors(fileOf({ __metadata__: null, a: entry(0, 4) }, 4)).metadata).toEqual({});
  });
});

describe('bytes that are no good safetensors file', () => {
  const text = (content: string) => new TextEncoder().encode(content);
  const zip = (first: string) => {
    const bytes = new Uint8Array(64);
    bytes.set([0x50, 0x4b, 3, 4]);
    bytes[26] = first.length;
    bytes.set(text(first), 30);
    return bytes;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /is empty/],
    ['a few bytes', text('abc'), /is not a safetensors file.*save_file/],
    ['any other text', text('just some text in a file'), /is not a safetensors file/],
    ['a Git-LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), /Git-LFS pointer/],
    ['a web page', text('<!DOCTYPE html><html></html>'), /is a web page, not safetensors/],
    ['a zip of torch.save', zip('archive/data.pkl'), /is a pickle of PyTorch .*st\.save_file/],
    ['a zip of torch.save under another name', zip('densenet/data.pkl'), /is a pickle of PyTorch/],
    ['any other zip', zip('metadata.json'), /is a zip archive .*, not safetensors/],
    ['an old torch.save', Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]), /is a pickle/],
    ['an endless header', fileOf('{}', 0, 2e8), /damaged safetensors file: a header of 200000000 bytes/],
    ['a header that is no JSON', fileOf('{"a": '), /its header is no JSON/],
    ['a header that is no UTF-8', fileOf('{}').with(9, 0xff), /its header is no JSON/],
    ['an entry that is a number', fileOf({ a: 3 }), /the entry of a has no dtype and shape/],
    ['a negative extent', fileOf({ a: entry(0, 4, [-1]) }, 4), /the entry of a has no dtype and shape/],
    ['an extent with a fraction', fileOf({ a: entry(0, 4, [0.5]) }, 4), /has no dtype and shape/],
    ['offsets backwards', fileOf({ a: entry(4, 0, [0]) }, 4), /the offsets of a are \[4,0\]/],
    ['offsets below zero', fileOf({ a: entry(-4, 0, [1]) }, 4), /the offsets of a are \[-4,0\]/],
    [
      'a shape of another size',
      fileOf({ a: entry(0, 4, [2]) }, 4),
      /a \[2\] of F32 takes 8 bytes, .* give 4/,
    ],
    ['tensors that overlap', fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12), /a and b overlap/],
    ['a gap', fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), /4 bytes before b belong to no tensor/],
    ['a late start', fileOf({ a: entry(4, 8) }, 8), /4 bytes before a belong to no tensor/],
    ['bytes left over', fileOf({ a: entry(0, 4) }, 7), /its last 3 bytes belong to no tensor/],
    ['a tensor behind the end', fileOf({ a: entry(0, 8) }, 4), /is cut short/],
    ['metadata that is no text', fileOf({ __metadata__: { a: 1 } }), /__metadata__ is no list of texts/],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'x')).toThrow(message);
    expect(() => readSafetensors(bytes, 'x')).toThrow(WeightsError);
  });

  it('numbers of a dtype that came later are named when they are asked for, and are no damage', () => {
    const { tensors } = readSafetensors(fileOf({ a: entry(0, 2, [4], 'F4') }, 2));
    expect(() => floatsOf(tensors.get('a')!, 'layer conv1/conv')).toThrow(
      /layer conv1\/conv holds F4 numbers; F32, F16, BF16, F64 are read/,
    );
  });

  it('numbers of another kind are named when they are asked for', () => {
    const { tensors } = readSafetensors(fileOf({ a: entry(0, 4, [4], 'I8') }, 4));
    expect(() => floatsOf(tensors.get('a')!, 'layer conv1/conv')).toThrow(
      /layer conv1\/conv holds I8 numbers/,
    );
  });
});
