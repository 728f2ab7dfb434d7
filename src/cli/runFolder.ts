/** A folder of results that appears whole or not at all: made under another name, renamed at the end. */
import { rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../core/errors.js';
import { makeWorkFolder, replaceFolder } from '../data/folders.node.js';
import type { CommandContext } from './context.js';

/** Every folder of ours holds one of these; only such a folder is ever replaced. */
const MARKS = ['report.json', 'history.json', 'gradcam.json'];

export interface FolderFlags {
  out?: string;
  name?: string;
  overwrite: boolean;
}

/** `--out`, or `runs/<name>`, or `runs/` with date and time. */
export function runFolderPath(flags: Pick<FolderFlags, 'out' | 'name'>, now = new Date()): string {
  if (flags.out !== undefined && flags.name !== undefined) {
    throw new UsageError('--out and --name both name the folder.', 'Give one of them.');
  }
  if (flags.name !== undefined && !/^[\w.-]+$/.test(flags.name)) {
    throw new UsageError(
      `"${flags.name}" is no name for a run.`,
      'Use letters, digits, dots, dashes; or give --out DIR.',
    );
  }
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
  return resolve(flags.out ?? join('runs', flags.name ?? `${day}_${time}`));
}

/** @throws UsageError when there is something that must not be replaced */
export async function checkTarget(target: string, overwrite: boolean): Promise<void> {
  const info = await stat(target).catch(() => undefined);
  if (!info) return;
  if (!info.isDirectory()) throw new UsageError(`${target} is a file.`, 'Give another --out.');
  const entries = await readdir(target);
  if (entries.length === 0) return;
  if (!overwrite)
    throw new UsageError(`${target} is there already.`, 'Give another name, or add --overwrite.');
  if (!MARKS.some((mark) => entries.includes(mark))) {
    throw new UsageError(`${target} holds files that chexgpu did not write.`, 'Give another --out.');
  }
}

/**
 * Runs `work` with a folder beside `target`, which takes the target's place when the work is done and is
 * removed when it fails or the process is interrupted.
 */
export async function inRunFolder<T>(
  context: CommandContext,
  target: string,
  overwrite: boolean,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await checkTarget(target, overwrite);
  const folder = await makeWorkFolder(target);
  const cleanup = () => rmSync(folder, { recursive: true, force: true });
  context.cleanups.add(cleanup);
  try {
    const result = await work(folder);
    context.signal.throwIfAborted();
    await checkTarget(target, overwrite);
    await replaceFolder(folder, target);
    return result;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    context.cleanups.delete(cleanup);
  }
}
