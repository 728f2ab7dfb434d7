/**
 * HDF5 in memory, through h5wasm (the HDF5 library compiled to WebAssembly), alike in Node and in the
 * browser: bytes become a file of its virtual file system under a name nobody else uses, and that file
 * goes away again whatever happens.
 */
import type { Dataset, Entity, Group, File as H5File } from 'h5wasm';
import { ChexError, MissingPackageError, UsageError, WeightsError } from '../../../core/errors.js';
import { requireWebAssembly } from '../../../core/host/webAssembly.js';
import { refuseForeign } from '../foreignFiles.js';
import { declareFloat16 } from './float16.js';
import { signatureAt } from './signature.js';

export type { Dataset, Group } from 'h5wasm';
export type { H5File };

type H5 = typeof import('h5wasm');

let nextFile = 0;

/** Object headers of the datasets of 16-bit floats in the file that is being written: one at a time, synchronously. */
const float16Datasets: number[] = [];

/**
 * The library is 4 MB of WebAssembly, so it is loaded by the first file and not before.
 * @throws UsageError where the host allows no WebAssembly, or the library does not start; MissingPackageError where
 *   it is not installed
 */
async function openLibrary(): Promise<{ h5: H5; fs: FileSystem; path: string }> {
  await requireWebAssembly('HDF5 files');
  const h5 = await importLibrary();
  const module = await h5.ready.catch(notStarted);
  // Without this HDF5 prints its whole error stack to the console and goes on.
  module.activate_throwing_error_handler();
  return { h5, fs: module.FS as unknown as FileSystem, path: `/chexgpu-${nextFile++}.h5` };
}

/** Within `try`, which tells bundlers that it may be absent. */
async function importLibrary(): Promise<H5> {
  try {
    return await import('h5wasm');
  } catch (cause) {
    return notStarted(cause);
  }
}

/** How Node and bundlers say that there is no such package. */
const MISSING = /(package|resolve) ["']h5wasm["']|Cannot find module 'h5wasm'/;

/** How Chromium, Firefox and Safari, without a bundler, say that the name leads nowhere. */
const UNMAPPED = /specifier .h5wasm|'h5wasm' does not resolve/;

function notStarted(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = UNMAPPED.test(why)
    ? 'Without a bundler import dist/browser/chexgpu.js, which holds it, or name it in an import map.'
    : undefined;
  if (hint || MISSING.test(why)) {
    throw new MissingPackageError('Reading and writing HDF5', ['h5wasm'], { cause, hint });
  }
  throw new UsageError(
    `The HDF5 library does not start: ${why.split('\n')[0]}.`,
    'See that its script is served and may be loaded, and that there is memory left.',
  );
}

/** The few calls of Emscripten's file system that are used here. */
interface FileSystem {
  writeFile(path: string, data: Uint8Array, options: { canOwn: boolean }): void;
  readFile(path: string): Uint8Array;
  unlink(path: string): void;
  analyzePath(path: string): { exists: boolean };
}

/**
 * Opens `bytes` as HDF5, gives the root group to `read`, and closes the file. `name` is what error
 * messages call it. Throws WeightsError when it is no HDF5 file, cut short, or damaged inside.
 */
export async function readHdf5<T>(
  bytes: Uint8Array,
  name: string,
  read: (root: H5File) => T | Promise<T>,
): Promise<T> {
  checkBytes(bytes, name);
  const { h5, fs, path } = await openLibrary();
  // canOwn: the virtual file is a view of `bytes`, which saves a copy; it is only read.
  fs.writeFile(path, bytes, { canOwn: true });
  let file: H5File | undefined;
  try {
    file = new h5.File(path, 'r');
    return await read(file);
  } catch (error) {
    if (error instanceof ChexError) throw error;
    throw unreadable(name, error);
  } finally {
    closeQuietly(file);
    fs.unlink(path);
  }
}

/**
 * Lets `write` fill an empty HDF5 file in memory and returns its bytes. Datasets that `writeArray` made of 16-bit
 * floats are whole numbers until then.
 */
export async function makeHdf5(write: (root: H5File) => void): Promise<Uint8Array> {
  const { h5, fs, path } = await openLibrary();
  let file: H5File | undefined;
  try {
    return withClockStopped(() => {
      // The oldest format, as Keras' own h5py wrote it: any HDF5 since 1.8 reads it.
      file = new h5.File(path, 'w', { libver: ['earliest', 'latest'] });
      float16Datasets.length = 0;
      write(file);
      file.close();
      file = undefined;
      const bytes = fs.readFile(path);
      declareFloat16(bytes, float16Datasets);
      return bytes;
    });
  } finally {
    closeQuietly(file);
    if (fs.analyzePath(path).exists) fs.unlink(path);
  }
}

/**
 * HDF5 stamps every dataset with the time, and h5wasm cannot tell it not to: with the clock at 0 equal
 * weights give equal bytes. `work` is synchronous, so nothing else sees this clock.
 */
function withClockStopped<T>(work: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return work();
  } finally {
    Date.now = now;
  }
}

function closeQuietly(file: H5File | undefined): void {
  try {
    file?.close();
  } catch {
    // Already failing for a reason that says more than this one.
  }
}

/** What HDF5 itself complains of is damage; anything else (no memory, a kind h5wasm has no name for) is not. */
function unreadable(name: string, cause: unknown): WeightsError {
  const text = cause instanceof Error ? cause.message : String(cause);
  // The last line of HDF5's error stack is the one that says what happened.
  const lines = [...text.matchAll(/^\s*#\d+: .* line \d+ in \w+\(\): (.*)$/gm)];
  const said = lines.at(-1)?.[1];
  return said === undefined
    ? new WeightsError(`${name} cannot be read: ${text.split('\n')[0]}.`, '', { cause })
    : new WeightsError(`${name} is damaged: HDF5 says "${said}".`, 'Get the file again.', { cause });
}

/** Says what is wrong with bytes that are no whole HDF5 file before the library gets to see them. */
function checkBytes(bytes: Uint8Array, name: string): void {
  const start = signatureAt(bytes);
  if (start !== undefined) {
    const whole = storedLength(bytes, start);
    if (whole <= bytes.length) return;
    throw new WeightsError(
      `${name} is cut short: it has ${bytes.length} bytes, its header says ${whole}.`,
      'Get the file again.',
    );
  }
  refuseForeign(bytes, name, 'HDF5');
  throw new WeightsError(`${name} is not an HDF5 file.`, 'Weights are Keras .h5 or .hdf5 files.');
}

/**
 * End-of-file address in the superblock (HDF5 file format specification, sections II.A and II.B), counted from
 * the beginning of the file and not of the superblock.
 */
function storedLength(bytes: Uint8Array, start: number): number {
  const version = bytes[start + 8];
  const at = start + (version === 0 ? 40 : version === 1 ? 44 : 28);
  if (bytes.length < at + 8) return at + 8;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));
}

/** Where an object lies in its file: two paths with one address lead to one object. */
export function addressOf(entity: Group | Dataset): string {
  return entity.create_reference().ref_data.join();
}

/** The group at `path` below `parent`; undefined when there is none or it is something else. */
export function childGroup(parent: Group, path: string): Group | undefined {
  return childOfType(parent, path, 'Group') as Group | undefined;
}

/** The dataset at `path` below `parent`; undefined when there is none or it is something else. */
export function childDataset(parent: Group, path: string): Dataset | undefined {
  return childOfType(parent, path, 'Dataset') as Dataset | undefined;
}

function childOfType(parent: Group, path: string, type: string): Entity | undefined {
  const entity = parent.get(path);
  return entity && 'type' in entity && String(entity.type) === type ? entity : undefined;
}

/**
 * A list of strings in an attribute, as Keras stores it: fixed or variable length; in pieces called
 * name0, name1, ... when it is longer than an HDF5 header may be; an empty list as a float64 array of
 * length 0. Undefined when the attribute is not there.
 */
export function stringsAttribute(holder: Group | Dataset, name: string): string[] | undefined {
  const attributes = holder.attrs;
  if (name in attributes) return toStrings(attributes[name].value);
  if (!(`${name}0` in attributes)) return undefined;
  const strings: string[] = [];
  for (let i = 0; `${name}${i}` in attributes; i++)
    strings.push(...toStrings(attributes[`${name}${i}`].value));
  return strings;
}

/** A string attribute; undefined when it is not there. */
export function stringAttribute(holder: Group | Dataset, name: string): string | undefined {
  return stringsAttribute(holder, name)?.[0];
}

function toStrings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.map(String);
  return [];
}

/** Longest attribute Keras writes in one piece, in bytes (HDF5's object headers hold 64 KiB). */
const ATTRIBUTE_LIMIT = 64512;

/**
 * Stores a list of strings as Keras does: fixed-length ASCII, in equal pieces name0, name1, ... when it
 * takes more than `limit` bytes (the fewest pieces that fit, sizes as numpy.array_split), and as float64
 * of length 0 when it is empty.
 */
export function writeStrings(group: Group, name: string, strings: string[], limit = ATTRIBUTE_LIMIT): void {
  if (strings.length === 0) {
    group.create_attribute(name, new Float64Array(0), [0]);
    return;
  }
  const width = (part: string[]) => Math.max(...part.map((s) => s.length)) + 1; // and the terminating zero
  const fits = (part: string[]) => part.length === 0 || part.length * width(part) <= limit;
  let parts = [strings];
  while (!parts.every(fits)) {
    const count = parts.length + 1;
    if (count > strings.length) throw new WeightsError(`A name in ${name} is longer than ${limit} bytes.`);
    const [short, longer] = [Math.floor(strings.length / count), strings.length % count];
    const start = (i: number) => i * short + Math.min(i, longer);
    parts = Array.from({ length: count }, (_, i) => strings.slice(start(i), start(i + 1)));
  }
  parts.forEach((part, i) => {
    group.create_attribute(parts.length === 1 ? name : `${name}${i}`, part, [part.length], `A${width(part)}`);
  });
}

/** Stores one string, as fixed-length ASCII. */
export function writeString(group: Group, name: string, value: string): void {
  group.create_attribute(name, value, null, `A${value.length + 1}`);
}

/** Stores one string of any length, as variable-length ASCII: its letters lie outside the header's 64 KiB. */
export function writeText(group: Group, name: string, value: string): void {
  group.create_attribute(name, value, null, 'A');
}

/**
 * Stores float32 numbers, the bits of float16 ones or int64 numbers, little-endian, at `path` below `parent`; shape []
 * for a scalar.
 */
export function writeArray(
  parent: Group,
  path: string,
  data: Float32Array | Uint16Array | BigInt64Array,
  shape: number[],
): void {
  const cut = path.lastIndexOf('/');
  const group = cut < 0 ? parent : ensureGroup(parent, path.slice(0, cut));
  const dtype = data instanceof Float32Array ? '<f' : data instanceof Uint16Array ? '<H' : '<q';
  const dataset = group.create_dataset({ name: path.slice(cut + 1), data, shape, dtype });
  if (data instanceof Uint16Array) {
    const { ref_data } = dataset.create_reference();
    float16Datasets.push(Number(new DataView(Uint8Array.from(ref_data).buffer).getBigUint64(0, true)));
  }
}

/** The group at `path`, made with everything above it where missing; h5wasm makes one level at a time. */
export function ensureGroup(parent: Group, path: string): Group {
  return path.split('/').reduce((group, part) => childGroup(group, part) ?? group.create_group(part), parent);
}
