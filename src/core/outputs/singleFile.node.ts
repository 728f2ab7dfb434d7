/**
 * A single file that a command writes, wherever the user says. There is no list of such files; so `--overwrite` lets
 * a file give way only if it is of the kind that would be written, and never one that the command reads.
 */
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { notRegular, probeFolder, writeError, writeWhole } from '../writeFile.node.js';
import { healFolder } from './claim.node.js';
import { type Inputs, NO_INPUTS, refuseInputs } from './protectInputs.node.js';
import { finalPlace } from './realPaths.node.js';
import { FreeNames } from './safeNames.js';

export interface FileKind {
  /** For people, e.g. `table of predictions`. */
  readonly name: string;
  /** Whether a file that begins so is of this kind. */
  matches(start: Uint8Array): boolean;
}

export interface FileOptions {
  inputs?: Inputs;
  overwrite?: boolean;
  kind: FileKind;
}

const START_BYTES = 65_536;

/** A kind told by text near the beginning of a file. */
export function textKind(name: string, pattern: RegExp): FileKind {
  return { name, matches: (start) => pattern.test(new TextDecoder().decode(start)) };
}

async function startOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(START_BYTES), 0, START_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** @throws UsageError for a path that can be that of no file */
export function requireFileName(path: string): void {
  if (path !== '' && !/[\\/]$/.test(path)) return;
  throw new UsageError(`"${path}" names no file.`, 'Give the name of the file to write.');
}

/**
 * Asked before the computing: whether `path` may and can be written.
 * @throws UsageError where it must not be replaced; DataError where it cannot be written
 */
export async function checkFile(path: string, options: FileOptions): Promise<void> {
  const { inputs = NO_INPUTS, overwrite = false, kind } = options;
  requireFileName(path);
  await refuseInputs(path, inputs, true);
  const place = await finalPlace(path);
  await healFolder(dirname(place));
  const info = await stat(place).catch(() => null);
  if (info) {
    if (!info.isFile()) throw notRegular(path, info.isDirectory());
    if (!overwrite) throw new UsageError(`${path} exists.`, 'Give another name, or `overwrite: true`.');
    const start = await startOf(place).catch((cause) => {
      throw writeError(path, cause);
    });
    if (start.length > 0 && !kind.matches(start)) {
      throw new UsageError(`${path} is no ${kind.name}.`, 'It is not replaced: give another name.');
    }
  }
  await probeFolder(path, dirname(place));
}

/**
 * Writes a file that `checkFile` let pass, after the computing. What has turned up in its place meanwhile stays,
 * unless `overwrite`: then the file gets a number.
 * @returns where it was written
 * @throws DataError where it cannot be written
 */
export async function writeChecked(path: string, content: string, overwrite: boolean): Promise<string> {
  for (let file = path; ; file = await numbered(path)) {
    try {
      await writeWhole(file, content, { isNew: !overwrite });
      return file;
    } catch (cause) {
      if (overwrite || !(await lstat(file).catch(() => null))) throw cause;
    }
  }
}

async function numbered(path: string): Promise<string> {
  const [folder, ending] = [dirname(path), extname(path)];
  return join(folder, new FreeNames(await readdir(folder)).take(basename(path, ending), ending));
}
