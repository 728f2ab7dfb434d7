/** What an error means to whoever typed the command. */
import { ChexError } from '../../core/errors.js';
import { writeError } from '../../core/writeFile.node.js';
import { EXIT_CODES } from './exitCodes.js';
import { visible } from './visibleText.js';

export interface Failure {
  /** For --json: an error's code, or `bug`. */
  code: string;
  message: string;
  exitCode: number;
}

const BUG = 1;

/** A disk that is full, read-only or not the user's is no bug, wherever it is met. */
const DISK = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EFBIG'];

export function failureOf(error: unknown): Failure {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const known = DISK.includes(code ?? '') ? writeError(path ?? 'A file', error) : error;
  if (known instanceof ChexError) {
    return { code: known.code, message: known.message, exitCode: EXIT_CODES[known.code] };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (process.env.CHEXGPU_DEBUG && error instanceof Error)
    process.stderr.write(`${visible(error.stack ?? '')}\n`);
  return {
    code: 'bug',
    message: `${text} This is a bug in chexgpu; CHEXGPU_DEBUG=1 shows where.`,
    exitCode: BUG,
  };
}
