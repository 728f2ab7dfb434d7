/** Reading CSVs from the file system. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { DataError } from '../engine/errors.js';
import { type FrameOptions, parseFrame } from './csv.js';
import type { Frame } from './frame.js';
import { type NihTable, parseNihTable } from './nih.js';

/**
 * The text of a UTF-8 file; one whose name ends in .gz is unpacked.
 * @throws DataError when the file is missing, unreadable, broken gzip or not UTF-8
 */
export async function readTextFile(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new DataError(fileProblem(file, cause), 'Check the path.', { cause });
  }
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

/** Why a file could not be read, in words. */
export function fileProblem(file: string, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `${file} does not exist.`;
  if (code === 'EISDIR') return `${file} is a folder, not a file.`;
  if (code === 'EACCES' || code === 'EPERM') return `${file} may not be read by this user.`;
  return `${file} could not be read (${code ?? String(cause)}).`;
}

/** Reads an assignment CSV. @throws DataError as `readTextFile` and `parseFrame` */
export async function readFrame(file: string, options?: FrameOptions): Promise<Frame> {
  return parseFrame(await readTextFile(file), file, options);
}

/** Reads NIH's own Data_Entry_2017 CSV, plain or .gz. @throws DataError as `readTextFile` and `parseNihTable` */
export async function readNihTable(file: string): Promise<NihTable> {
  return parseNihTable(await readTextFile(file), file);
}
