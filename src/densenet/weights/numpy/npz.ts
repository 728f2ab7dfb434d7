/**
 * NumPy's .npz files, read and written by hand: a zip archive of .npy files, each an array under its name.
 *
 *   .npy   "\x93NUMPY", version, length of the header, a Python dict { descr, fortran_order, shape }, the numbers
 *   zip    per file a header and its bytes, stored or deflated; behind all of them a list (the central directory)
 *
 * Sources: numpy.lib.format (NEP 1); PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { WeightsError } from '../../../core/errors.js';
import { byteSize } from '../../../core/formatting.js';
import { crc32, inflate } from '../../../core/packedBytes.js';
import { breathing, type WorkOptions } from '../../../core/work.js';
import { fromFloat16 } from '../halfFloats.js';

export interface NumpyArray {
  shape: number[];
  /** As float32: exact from float16 and float32, rounded from float64. */
  values: Float32Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_BYTES = 22;
/** A comment may stand behind the end. */
const LONGEST_COMMENT = 65_535;
const STORED = 0;
const DEFLATED = 8;
const IS_UTF8 = 1 << 11;
/** What all arrays together may have unpacked: three times DenseNet201 in float64. A few bytes can say gigabytes. */
const LARGEST_CONTENT = 2 ** 29;

const SUFFIX = '.npy';

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Damaged = (what: string) => WeightsError;

/**
 * The arrays by their names, in the file's order.
 * @param name what errors call the file
 * @throws WeightsError for a file that is cut short or damaged, for arrays that are no floats in C order, and before
 *   anything is unpacked for more than 537 MB of them
 */
export async function readNpz(
  bytes: Uint8Array,
  name: string,
  work: WorkOptions = {},
): Promise<Map<string, NumpyArray>> {
  const tellRead = breathing(work);
  const damaged = (what: string) => new WeightsError(`${name} is damaged: ${what}.`, 'Get the file again.');
  const arrays = new Map<string, NumpyArray>();
  const entries = listEntries(bytes, damaged).filter((entry) => entry.name.endsWith(SUFFIX));
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0);
  if (total > LARGEST_CONTENT) {
    throw new WeightsError(
      `${name} unpacks to ${byteSize(total)}; ${byteSize(LARGEST_CONTENT)} are read at most.`,
      'It is the file of another network.',
    );
  }
  for (const { method } of entries) {
    if (method === STORED || method === DEFLATED) continue;
    throw new WeightsError(
      `${name} is packed by method ${method} of zip archives; stored and deflated arrays are read.`,
      'Save it with np.savez or np.savez_compressed.',
    );
  }
  const tellDone = () =>
    tellRead({ phase: 'read', done: arrays.size, total: entries.length, unit: 'tensors', note: name });
  for (const entry of entries) {
    await tellDone();
    const key = entry.name.slice(0, -SUFFIX.length);
    if (arrays.has(key)) throw damaged(`it holds ${key} twice`);
    arrays.set(key, parseNpy(await unpack(bytes, entry, damaged), key, name, damaged));
  }
  await tellDone();
  return arrays;
}

interface Entry {
  name: string;
  method: number;
  crc: number;
  packed: number;
  unpacked: number;
  /** Of its own header. */
  offset: number;
}

/** What the archive's list says. */
function listEntries(bytes: Uint8Array, damaged: Damaged): Entry[] {
  const view = viewOf(bytes);
  let end = bytes.length - END_BYTES;
  const first = Math.max(0, end - LONGEST_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw damaged('the list at its end is missing, so it is cut short');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) throw damaged('its list of files is broken');
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, nameEnd)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      unpacked: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function unpack(bytes: Uint8Array, entry: Entry, damaged: Damaged): Promise<Uint8Array> {
  const { name, method, packed, unpacked, offset } = entry;
  const view = viewOf(bytes);
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL) {
    throw damaged(`${name} is not where its list says`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const stored = bytes.subarray(start, start + packed);
  if (stored.length !== packed) throw damaged(`${name} has no ${packed} bytes`);
  const content = method === STORED ? stored : await inflate([stored], 'deflate-raw', unpacked);
  if (content?.length !== unpacked || crc32(content) !== entry.crc) {
    throw damaged(`${name} does not have the bytes that its checksum was made of`);
  }
  return content;
}

const MAGIC = '\x93NUMPY';
/** Bytes per number of the types that are read. */
const FLOATS = new Map([
  ['<f2', 2],
  ['<f4', 4],
  ['<f8', 8],
]);

function parseNpy(bytes: Uint8Array, key: string, name: string, damaged: Damaged): NumpyArray {
  const begins = new TextDecoder('latin1').decode(bytes.subarray(0, 6));
  if (bytes.length < 12 || begins !== MAGIC) throw damaged(`${key} is no array of NumPy`);
  const view = viewOf(bytes);
  // Since version 2 the header's length takes four bytes.
  const start = bytes[6] === 1 ? 10 : 12;
  const dataAt = start + (start === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, dataAt));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  if (descr === undefined || shapeText === undefined || fortran === undefined) {
    throw new WeightsError(
      `${name}: ${key} is no array of floats.`,
      "Save the weights' own arrays: np.savez('x.npz', **{w.path: w.numpy() for w in model.weights}).",
    );
  }
  const shape = (shapeText.match(/\d+/g) ?? []).map(Number);
  const size = shape.reduce((product, n) => product * n, 1);
  if (fortran === 'True' && shape.length > 1) {
    throw new WeightsError(
      `${name}: ${key} is stored column by column.`,
      'Save np.ascontiguousarray(array).',
    );
  }
  const width = FLOATS.get(descr);
  if (width === undefined) {
    throw new WeightsError(
      `${name}: ${key} holds numbers of type ${descr}; little-endian floats of 16, 32 and 64 bits are read.`,
      "Save array.astype('<f4').",
    );
  }
  const data = bytes.slice(dataAt);
  if (data.length !== size * width) {
    throw damaged(`${key} [${shape.join(', ')}] takes ${size * width} bytes and has ${data.length}`);
  }
  if (width === 2) return { shape, values: fromFloat16(new Uint16Array(data.buffer)) };
  if (width === 8) return { shape, values: Float32Array.from(new Float64Array(data.buffer)) };
  return { shape, values: new Float32Array(data.buffer) };
}

/** Numbers begin at a multiple of this, as NumPy has it. */
const ALIGNMENT = 64;

function makeNpy({ shape, values }: NumpyArray): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const dataAt = Math.ceil((10 + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(dataAt + values.byteLength);
  const text = `${MAGIC}\x01\x00..${dict.padEnd(dataAt - 11)}\n`;
  for (let i = 0; i < dataAt; i++) bytes[i] = text.charCodeAt(i);
  viewOf(bytes).setUint16(8, dataAt - 10, true);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), dataAt);
  return bytes;
}

/** 1980-01-01, the first day that a zip archive knows: equal arrays give equal bytes. */
const DAY = 0x21;

/** The bytes of a file that `np.load` opens, as `np.savez` writes it. */
export function makeNpz(arrays: ReadonlyMap<string, NumpyArray>): Uint8Array {
  const parts: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let at = 0;
  for (const [key, array] of arrays) {
    const name = new TextEncoder().encode(key + SUFFIX);
    const content = makeNpy(array);
    // Version 2.0, flags, stored, time, day, checksum, both lengths, length of the name.
    const facts = new Uint8Array(26);
    const view = viewOf(facts);
    view.setUint16(0, 20, true);
    view.setUint16(2, IS_UTF8, true);
    view.setUint16(8, DAY, true);
    view.setUint32(10, crc32(content), true);
    view.setUint32(14, content.length, true);
    view.setUint32(18, content.length, true);
    view.setUint16(22, name.length, true);
    parts.push(fourBytes(LOCAL), facts, name, content);
    const behind = new Uint8Array(14);
    viewOf(behind).setUint32(10, at, true);
    list.push(fourBytes(CENTRAL), Uint8Array.of(20, 0), facts, behind, name);
    at += 30 + name.length + content.length;
  }
  const listLength = list.reduce((sum, part) => sum + part.length, 0);
  const end = new Uint8Array(END_BYTES);
  const view = viewOf(end);
  view.setUint32(0, END, true);
  view.setUint16(8, arrays.size, true);
  view.setUint16(10, arrays.size, true);
  view.setUint32(12, listLength, true);
  view.setUint32(16, at, true);
  const file = new Uint8Array(at + listLength + END_BYTES);
  let to = 0;
  for (const part of [...parts, ...list, end]) {
    file.set(part, to);
    to += part.length;
  }
  return file;
}

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
