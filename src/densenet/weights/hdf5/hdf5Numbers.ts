/** Numbers of an HDF5 dataset as float32, and what there is instead where they are none. */

import { ChexError, WeightsError } from '../../../core/errors.js';
import { whole } from '../../../core/formatting.js';
import { fromBfloat16, fromFloat16 } from '../halfFloats.js';
import { type Dataset, stringAttribute } from './hdf5.js';

/** Classes of HDF5's types, as h5wasm numbers them (H5T_class_t). */
const TYPE = { integer: 0, float: 1, string: 3, opaque: 5, compound: 6 };
const TYPE_WORDS: Readonly<Record<number, string>> = {
  [TYPE.integer]: 'whole numbers',
  [TYPE.string]: 'texts',
  [TYPE.opaque]: 'bytes without a type',
  [TYPE.compound]: 'compound values',
};

/** Filters of registered number that HDF5 does not bring along, by the names people know them by. */
const FILTERS: Readonly<Record<number, string>> = {
  4: 'szip',
  307: 'bzip2',
  32000: 'lzf',
  32001: 'blosc',
  32004: 'lz4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32015: 'zstd',
  32026: 'blosc2',
};

/** deflate, shuffle, fletcher32, nbit, scaleoffset: always there. */
const BUILT_IN = [1, 2, 3, 5, 6];

/**
 * Most bytes of one chunk. A chunk is unpacked whole, however little of it is wanted; Keras writes none, h5py
 * and h5repack make them of 1 MB or of the whole tensor.
 */
const LARGEST_CHUNK = 256 * 2 ** 20;

/**
 * The numbers of `dataset`: exact from float32, float16 and bfloat16, rounded from float64; of either byte order.
 * `what` names the tensor. Throws WeightsError for any other type and for what cannot be unpacked.
 */
export function floatsOfDataset(dataset: Dataset, what: string): Float32Array {
  checkLayout(dataset, what);
  const { metadata } = dataset;
  if (metadata.type === TYPE.float) {
    if (metadata.size === 4) return unpack(dataset, what) as Float32Array;
    if (metadata.size === 8) return Float32Array.from(unpack(dataset, what) as Float64Array);
    if (metadata.size === 2) {
      // h5wasm knows no floats of 2 bytes; asked for whole numbers it hands over their bits.
      metadata.type = TYPE.integer;
      return fromFloat16(unpack(dataset, what) as Uint16Array);
    }
    throw wrongType(what, `floats of ${8 * metadata.size} bits`);
  }
  // Keras 3 leaves bfloat16 as bytes and says in an attribute what they are.
  const isBfloat16 = metadata.type === TYPE.opaque && metadata.size === 2;
  if (isBfloat16 && stringAttribute(dataset, 'dtype') === 'bfloat16') {
    const bytes = unpack(dataset, what) as Uint8Array;
    return fromBfloat16(new Uint16Array(bytes.slice().buffer));
  }
  const bits = metadata.type === TYPE.integer ? ` of ${8 * metadata.size} bits` : '';
  throw wrongType(what, `${TYPE_WORDS[metadata.type] ?? 'values of another type'}${bits}`);
}

const wrongType = (what: string, found: string): WeightsError =>
  new WeightsError(
    `${what} holds ${found}; floats of 16, 32 and 64 bits are read.`,
    "Save it from Keras with floatx 'float32', not quantised.",
  );

const IN_ONE_FILE = 'Copy them into one file, for example with h5repack.';

function checkLayout({ metadata }: Dataset, what: string): void {
  const { shape, chunks, size, total_size: count, virtual_sources: sources } = metadata;
  if (!shape) throw new WeightsError(`${what} is empty: it has a type and no numbers.`);
  if (sources && sources.length > 0) {
    throw new WeightsError(
      `${what} is virtual: its numbers lie in other files (${sources[0].file_name}).`,
      IN_ONE_FILE,
    );
  }
  const bytes = size * (chunks ? chunks.reduce((product, n) => product * n, 1) : count);
  if (bytes > LARGEST_CHUNK) {
    throw new WeightsError(
      `${what} is stored in chunks of ${whole(bytes)} bytes; at most ` +
        `${whole(LARGEST_CHUNK)} are unpacked.`,
      'Save it without compression.',
    );
  }
}

/** The value as h5wasm gives it. A filter that is not there is not looked for: parts may be stored without it. */
function unpack(dataset: Dataset, what: string): unknown {
  try {
    return dataset.value;
  } catch (error) {
    if (error instanceof ChexError) throw error;
    if (/external raw data file/.test(String(error))) {
      throw new WeightsError(`${what} has its numbers in other files, which are not opened.`, IN_ONE_FILE);
    }
    const filter = dataset.filters.find(({ id }) => !BUILT_IN.includes(id));
    if (!filter) throw error;
    const name = FILTERS[filter.id] ?? (filter.name || `filter ${filter.id}`);
    throw new WeightsError(
      `${what} is compressed with ${name}, which is not read here.`,
      'Save it uncompressed, or with gzip.',
      { cause: error },
    );
  }
}
