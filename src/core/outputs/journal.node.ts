/**
 * Puts staged files into their folder so that a kill at any moment leaves the result of before or the whole new one:
 * a journal is written first, and whoever finds one whose writer is dead does the rest of it. Every step may be
 * done twice.
 */
import { access, lstat, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../errors.js';
import { readRegularFile } from '../readFile.node.js';
import { temporaryName, writeSynced } from '../writeFile.node.js';
import {
  isBelow,
  isWrittenFile,
  MANIFEST_FILE,
  manifestOf,
  stateOf,
  type WrittenFile,
} from './manifest.node.js';
import { isWithin, makeFolder, syncFolder, unmakeFolders } from './realPaths.node.js';

/** In the work folder: what is to be published. */
export const STAGED = 'files';
export const JOURNAL = 'commit.json';

export interface Move {
  /** Below the staged files. */
  readonly from: string;
  readonly to: WrittenFile;
}

export interface Journal {
  readonly moves: readonly Move[];
  /** Files of ours that may be replaced. */
  readonly replaces: readonly WrittenFile[];
  /** Files of ours that go. */
  readonly removes: readonly WrittenFile[];
  /** The folder's list afterwards. */
  readonly files: readonly WrittenFile[];
}

function isJournal(value: unknown): value is Journal {
  const { moves, replaces, removes, files } = (value ?? {}) as Partial<Journal>;
  return (
    [replaces, removes, files].every((list) => Array.isArray(list) && list.every(isWrittenFile)) &&
    Array.isArray(moves) &&
    moves.every((move) => isBelow(move?.from) && isWrittenFile(move?.to))
  );
}

export async function hasJournal(work: string): Promise<boolean> {
  return access(join(work, JOURNAL)).then(
    () => true,
    () => false,
  );
}

/**
 * From here on the new result is the folder's. All that needs room on the disk is done before: the rest are renames.
 * @param folder without links
 */
export async function writeJournal(folder: string, work: string, journal: Journal): Promise<void> {
  const made: string[] = [];
  try {
    for (const { to } of journal.moves) made.push(...(await makeFolder(dirname(join(folder, to.path)))));
    await writeJson(join(work, MANIFEST_FILE), manifestOf(journal.files));
    const unfinished = join(work, temporaryName());
    await writeJson(unfinished, journal);
    await rename(unfinished, join(work, JOURNAL));
  } catch (cause) {
    await unmakeFolders(made);
    throw cause;
  }
  await syncFolder(work);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await rm(file, { force: true });
  await writeSynced(file, `${JSON.stringify(value, null, 1)}\n`);
}

async function readJournal(work: string): Promise<Journal | null> {
  const bytes = await readRegularFile(join(work, JOURNAL), { limit: 2 ** 28 }).catch(() => null);
  if (!bytes) return null;
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isJournal(value) ? value : null;
}

const inTheWay = (file: string): DataError =>
  new DataError(`${file} is in the way of a result that is half in place.`, 'Move it away and start again.');

/** @throws DataError where something of the user's is at the place, or the place lies elsewhere by a link */
async function moveIntoPlace(folder: string, work: string, move: Move, journal: Journal): Promise<void> {
  const staged = join(work, STAGED, move.from);
  if (!(await lstat(staged).catch(() => null))) return;
  if (!isWithin(await realpath(dirname(staged)), await realpath(work))) throw inTheWay(staged);
  const place = join(folder, move.to.path);
  await makeFolder(dirname(place));
  if (!isWithin(await realpath(dirname(place)), folder)) throw inTheWay(dirname(place));
  if (await lstat(place).catch(() => null)) {
    const known = journal.replaces.filter(({ path }) => path === move.to.path);
    const states = await Promise.all(known.map((written) => stateOf(folder, written)));
    if (!states.includes('ours')) throw inTheWay(place);
  }
  await rename(staged, place);
}

async function removeWritten(folder: string, written: WrittenFile): Promise<void> {
  if ((await stateOf(folder, written)) !== 'ours') return;
  const file = join(folder, written.path);
  await rm(file, { force: true });
  for (let above = dirname(file); above !== folder; above = dirname(above)) {
    const empty = await rmdir(above).then(
      () => true,
      () => false,
    );
    if (!empty) return;
  }
}

/**
 * Does what the journal of a work folder says; nothing where there is none.
 * @param folder without links
 */
export async function applyJournal(folder: string, work: string): Promise<void> {
  const journal = await readJournal(work);
  if (!journal) return;
  for (const move of journal.moves) await moveIntoPlace(folder, work, move, journal);
  for (const written of journal.removes) await removeWritten(folder, written);
  await rename(join(work, MANIFEST_FILE), join(folder, MANIFEST_FILE)).catch((cause) => {
    // Moved before a kill.
    if (cause.code !== 'ENOENT') throw cause;
  });
  const folders = new Set(journal.moves.map(({ to }) => dirname(join(folder, to.path))));
  for (const changed of [...folders, folder]) await syncFolder(changed);
  await rm(join(work, JOURNAL));
}
