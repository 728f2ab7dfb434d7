/** Reading CSVs from the file system. */

import { gunzipSync } from 'node:zlib';
import { DataError } from '../../core/errors.js';
import { whole } from '../../core/formatting.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { type CsvTable, type FrameOptions, parseCsv, parseFrame } from './csv.js';
import type { Frame } from './frame.js';
import { type NihTable, parseNihTable } from './nih.js';

/** More than any label table in use: PadChest's, the longest, has some 120 MB. */
const MOST_BYTES = 256 * 2 ** 20;

/** Label tables shrink to a tenth or so; what grows a hundredfold was made to use up the memory. */
const MOST_GROWTH = 100;
const ALWAYS_UNPACKED = 16 * 2 ** 20;

const HINT = 'Save it as a CSV in UTF-8.';

/** First bytes of files that are no text, by what they are. */
const FOREIGN: readonly [start: readonly number[], what: string][] = [
  [[0xff, 0xfe, 0, 0], 'UTF-32 text'],
  [[0xff, 0xfe], 'UTF-16 text'],
  [[0xfe, 0xff], 'UTF-16 text'],
  [[0x50, 0x4b, 3, 4], 'a ZIP archive or a workbook (.xlsx)'],
  [[0x50, 0x4b, 5, 6], 'an empty ZIP archive'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'a workbook (.xls)'],
  [[0x42, 0x5a, 0x68], 'packed by bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'packed by xz'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'packed by zstd'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
];

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte);

/**
 * The text of a UTF-8 file; gzip, told by its first bytes, is unpacked.
 * @throws DataError when the file is missing, unreadable, no regular file, too large (also unpacked), broken gzip
 * or not UTF-8; what else it is, is named where that can be told
 */
export async function readTextFile(file: string): Promise<string> {
  const stored = await readRegularFile(file, { limit: MOST_BYTES });
  const bytes = startsWith(stored, [0x1f, 0x8b]) ? unpacked(stored, file) : stored;
  const foreign = FOREIGN.find(([start]) => startsWith(bytes, start));
  if (foreign) throw new DataError(`${file} is ${foreign[1]}, not a CSV.`, HINT);
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    // Latin letters in UTF-16 have every other byte 0.
    const every = bytes.subarray(nul % 2, 64).every((byte, i) => i % 2 === 1 || byte === 0);
    throw new DataError(`${file} is ${every ? 'UTF-16 text' : 'no text'}, not a CSV.`, HINT);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(
      `${file} is not UTF-8 text (${firstOddByte(bytes)}); it may be Latin-1 or Windows-1252.`,
      HINT,
      { cause },
    );
  }
}

function unpacked(bytes: Uint8Array, file: string): Uint8Array {
  const most = Math.min(MOST_BYTES, Math.max(ALWAYS_UNPACKED, bytes.length * MOST_GROWTH));
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DataError(
        `${file} has ${whole(bytes.length)} bytes and unpacks to more than ` +
          `${whole(most)}; so much is not unpacked.`,
        'Unpack it yourself if it is what it should be.',
      );
    }
    throw new DataError(
      `${file} is not readable gzip (${(cause as Error).message}).`,
      'Fetch the file again, or unpack it.',
      { cause },
    );
  }
}

/** The first byte that ends no UTF-8 character, and its line. */
function firstOddByte(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const part = bytes.subarray(start, end < 0 ? bytes.length : end);
    try {
      decoder.decode(part);
    } catch {
      const byte = part.find((value) => value > 0x7f) ?? 0;
      return `byte 0x${byte.toString(16)} in line ${line}`;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return 'a line that ends within a character';
}

/** Reads any CSV. @throws DataError as `readTextFile` and `parseCsv` */
export async function readTable(file: string): Promise<CsvTable> {
  return parseCsv(await readTextFile(file), file);
}

/** Reads an assignment CSV. @throws DataError as `readTextFile` and `parseFrame` */
export async function readFrame(file: string, options?: FrameOptions): Promise<Frame> {
  return parseFrame(await readTextFile(file), file, options);
}

/** Reads NIH's own Data_Entry_2017 CSV, plain or .gz. @throws DataError as `readTextFile` and `parseNihTable` */
export async function readNihTable(file: string): Promise<NihTable> {
  return parseNihTable(await readTextFile(file), file);
}
