/** Reading CSVs from the file system. */
import { gunzipSync } from 'node:zlib';
import { DataError } from '../core/errors.js';
import { readRegularFile } from '../core/readFile.node.js';
import { type FrameOptions, parseFrame } from './csv.js';
import type { Frame } from './frame.js';
import { type NihTable, parseNihTable } from './nih.js';

/** More than any label table in use: PadChest's, the longest, has some 120 MB. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * The text of a UTF-8 file; one whose name ends in .gz is unpacked.
 * @throws DataError when the file is missing, unreadable, broken gzip or not UTF-8
 */
export async function readTextFile(file: string): Promise<string> {
  let bytes = await readRegularFile(file, { limit: MOST_BYTES });
  if (file.endsWith('.gz')) {
    try {
      bytes = gunzipSync(bytes);
    } catch (cause) {
      throw new DataError(`${file} is not readable gzip.`, 'Fetch the file again, or unpack it.', { cause });
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${file} is not UTF-8 text.`, 'Save it as a UTF-8 CSV.', { cause });
  }
}

/** Reads an assignment CSV. @throws DataError as `readTextFile` and `parseFrame` */
export async function readFrame(file: string, options?: FrameOptions): Promise<Frame> {
  return parseFrame(await readTextFile(file), file, options);
}

/** Reads NIH's own Data_Entry_2017 CSV, plain or .gz. @throws DataError as `readTextFile` and `parseNihTable` */
export async function readNihTable(file: string): Promise<NihTable> {
  return parseNihTable(await readTextFile(file), file);
}
