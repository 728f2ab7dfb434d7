/**
 * The one way in: every file that a user names is read here. Only regular files are read (a FIFO or a device
 * has no end), and never more of them than the caller can use.
 */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ChexError, DataError } from './errors.js';
import { whole } from './formatting.js';

/** The class of the error that a reader throws, as the kind of the file asks for. */
export type FileErrorClass = new (message: string, hint?: string, options?: ErrorOptions) => ChexError;

export interface ReadFileOptions {
  /** Most bytes that the file may have. */
  limit: number;
  /** Default: DataError. */
  error?: FileErrorClass;
  /** What to do about a file that is missing or cannot be read. Default: `Check the path.` */
  hint?: string;
}

/** Why a file could not be read, in words. */
export function fileProblem(file: string, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `${file} does not exist.`;
  if (code === 'EISDIR') return `${file} is a folder, not a file.`;
  if (code === 'EACCES' || code === 'EPERM') return `${file} may not be read by this user.`;
  if (code === 'ELOOP') return `${file} is a link that leads back to itself.`;
  return `${file} could not be read (${code ?? String(cause)}).`;
}

/**
 * The bytes of a regular file, links followed.
 * @throws the class in `options.error` for a file that is missing, may not be read, is no regular file, or is
 *   larger than `options.limit`
 */
export async function readRegularFile(file: string, options: ReadFileOptions): Promise<Uint8Array> {
  const { limit, error: Problem = DataError, hint = 'Check the path.' } = options;
  let handle: FileHandle | undefined;
  try {
    // Without waiting: opening a FIFO would otherwise last until somebody writes into it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const info = await handle.stat();
    if (info.isDirectory()) throw new Problem(`${file} is a folder, not a file.`, hint);
    if (!info.isFile()) throw new Problem(`${file} is no regular file (a pipe, a socket or a device).`, hint);
    if (info.size > limit) {
      throw new Problem(`${file} has ${whole(info.size)} bytes; at most ${whole(limit)} are read.`);
    }
    return await readAll(handle, info.size);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(fileProblem(file, cause), hint, { cause });
  } finally {
    await handle?.close();
  }
}

/** As many bytes as the file had when it was opened; fewer where it shrank since. */
async function readAll(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === size ? bytes : bytes.slice(0, filled);
}
