/**
 * The safetensors format, read by hand. A file is
 *
 *   8 bytes   N, the length of the header, little-endian
 *   N bytes   JSON: { "name": { "dtype", "shape", "data_offsets": [begin, end] }, "__metadata__": { strings } }
 *   the rest  the numbers, little-endian, in C order; offsets count from here and leave no gap
 *
 * Source: the format's description in the README of github.com/huggingface/safetensors.
 */
import { WeightsError } from '../../../core/errors.js';
import { refuseForeign } from '../foreignFiles.js';
import { fromBfloat16, fromFloat16 } from '../halfFloats.js';
import { BRACE, headerLengthOf, LONGEST_HEADER, looksLikeSafetensors } from './signature.js';

/** Bytes a number takes, by dtype; those of less than a byte are not read. */
const BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

export interface StoredArray {
  dtype: string;
  shape: number[];
  /** The numbers as stored: a view of the file. */
  bytes: Uint8Array;
}

export interface Safetensors {
  metadata: Record<string, string>;
  tensors: Map<string, StoredArray>;
}

/**
 * Splits the bytes of a safetensors file into tensors. `name` is what errors call it. Throws WeightsError
 * for bytes that are no such file, cut short or damaged: nothing is taken on trust.
 */
export function readSafetensors(bytes: Uint8Array, name = 'The weight file'): Safetensors {
  // First what was asked for: its header's length may begin with another format's mark.
  if (!looksLikeSafetensors(bytes)) refuseForeign(bytes, name, 'safetensors');
  const damaged = (what: string) =>
    new WeightsError(`${name} is a damaged safetensors file: ${what}.`, 'Get the file again.');
  const cutShort = (whole: number) =>
    new WeightsError(
      `${name} is cut short: it has ${bytes.length} bytes, its header says ${whole}.`,
      'Get the file again.',
    );
  if (bytes.length < 8 || (bytes.length > 8 && bytes[8] !== BRACE)) {
    throw new WeightsError(
      `${name} is not a safetensors file.`,
      "Make one with safetensors.torch.save_file(model.state_dict(), 'x.safetensors').",
    );
  }
  const headerLength = headerLengthOf(bytes);
  if (headerLength > LONGEST_HEADER) throw damaged(`a header of ${headerLength} bytes`);
  const dataStart = 8 + headerLength;
  if (bytes.length < dataStart) throw cutShort(dataStart);

  const header = parseHeader(bytes.subarray(8, dataStart), damaged);
  const dataLength = bytes.length - dataStart;
  const spans: { key: string; begin: number; end: number }[] = [];
  const tensors = new Map<string, StoredArray>();
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const { dtype, shape, begin, end } = parseEntry(key, value, damaged);
    spans.push({ key, begin, end });
    tensors.set(key, { dtype, shape, bytes: bytes.subarray(dataStart + begin, dataStart + end) });
  }
  const whole = spans.reduce((most, { end }) => Math.max(most, end), 0);
  if (whole > dataLength) throw cutShort(dataStart + whole);
  checkCoverage(spans, dataLength, damaged);
  return { metadata: parseMetadata(header.__metadata__, damaged), tensors };
}

type Damaged = (what: string) => WeightsError;

function parseHeader(text: Uint8Array, damaged: Damaged): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw damaged('its header is no JSON');
  }
  if (!isObject(header)) throw damaged('its header is no JSON object');
  return header;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseMetadata(value: unknown, damaged: Damaged): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !Object.values(value).every((v) => typeof v === 'string')) {
    throw damaged('its __metadata__ is no list of texts');
  }
  return value as Record<string, string>;
}

function parseEntry(
  key: string,
  value: unknown,
  damaged: Damaged,
): { dtype: string; shape: number[]; begin: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isCount)) {
    throw damaged(`the entry of ${key} has no dtype and shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw damaged(`the offsets of ${key} are ${JSON.stringify(offsets)}`);
  }
  const size = BYTES[dtype];
  const [begin, end] = offsets as [number, number];
  // The format gets new dtypes; a tensor of one is told by `floatsOf`, if anybody wants its numbers.
  const wanted =
    size === undefined ? end - begin : shape.reduce((product: number, n: number) => product * n, size);
  if (end - begin !== wanted) {
    throw damaged(
      `${key} [${shape.join(', ')}] of ${dtype} takes ${wanted} bytes, its offsets give ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** Every byte belongs to one tensor. */
function checkCoverage(
  spans: { key: string; begin: number; end: number }[],
  dataLength: number,
  damaged: Damaged,
): void {
  const sorted = [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let last = { key: '', end: 0 };
  for (const { key, begin, end } of sorted) {
    if (begin < last.end) throw damaged(`${last.key} and ${key} overlap`);
    if (begin > last.end) throw damaged(`${begin - last.end} bytes before ${key} belong to no tensor`);
    last = { key, end };
  }
  if (last.end < dataLength) throw damaged(`its last ${dataLength - last.end} bytes belong to no tensor`);
}

/** The dtypes that `floatsOf` takes. */
const FLOAT_DTYPES: readonly string[] = ['F32', 'F16', 'BF16', 'F64'];

/**
 * A tensor's numbers as float32: exact from F32, F16 and BF16, rounded from F64. Throws WeightsError for any
 * other dtype; `what` names the tensor.
 */
export function floatsOf({ dtype, bytes }: StoredArray, what: string): Float32Array {
  // A copy starts at an even address, which typed arrays need. (slice() would not copy Node's Buffer.)
  const copy = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case 'F32':
      return new Float32Array(copy);
    case 'F64':
      return Float32Array.from(new Float64Array(copy));
    case 'BF16':
      return fromBfloat16(new Uint16Array(copy));
    case 'F16':
      return fromFloat16(new Uint16Array(copy));
    default:
      throw new WeightsError(
        `${what} holds ${dtype} numbers; ${FLOAT_DTYPES.join(', ')} are read.`,
        'Save it from a model in float32: model.float().state_dict().',
      );
  }
}
