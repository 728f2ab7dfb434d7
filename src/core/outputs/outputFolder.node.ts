/**
 * A folder of results. It is claimed before the work begins; files are staged in a work folder in it and put into
 * place together, as often as something is whole; a list of them (`.chexgpu.json`) is kept. Of an earlier result only
 * the files on that list that are still as they were written are replaced or removed, with the first that is
 * published; whatever else lies in the folder stays.
 */

import { lstat, mkdir, open, readdir, rename, stat, statfs } from 'node:fs/promises';
import { basename, dirname, extname, join, posix } from 'node:path';
import { DataError, UsageError } from '../errors.js';
import { byteSize } from '../formatting.js';
import { sweepTemporaries, writeError, writeWhole } from '../writeFile.node.js';
import { Claim, FolderTakenError, healBeside, isWorkName } from './claim.node.js';
import { applyJournal, type Move, STAGED, writeJournal } from './journal.node.js';
import {
  isBelow,
  MANIFEST_FILE,
  type Manifest,
  manifestOf,
  readManifest,
  sha256Of,
  stateOf,
  type WrittenFile,
} from './manifest.node.js';
import { type Inputs, NO_INPUTS, refuseInputs } from './protectInputs.node.js';
import { finalPlace, makeFolder, syncFolder, unmakeFolders } from './realPaths.node.js';
import { restoreEarlier } from './restoreEarlier.node.js';
import { FreeNames } from './safeNames.js';

export interface FolderOptions {
  /** What the command reads. */
  inputs?: Inputs;
  /** Replaces an earlier result. */
  overwrite?: boolean;
  /** Adds to what is there instead of being the folder's one result. */
  adding?: boolean;
  /** Bytes that will be written at most; the disk has to have them. */
  needs?: number;
}

/** What was published. */
export interface Published {
  /** Below the folder. */
  files: string[];
  /** Files whose name somebody else's file had taken meanwhile. */
  renamed: { wanted: string; given: string }[];
}

/** Files and hashes at once; more would only wait for the disk. */
const AT_ONCE = 8;

async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The user's entries and ours, without what chexgpu keeps for itself. */
async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name !== MANIFEST_FILE && !isWorkName(name)).sort();
}

/** Names of files of ours that are no longer as they were written. */
async function changedFiles(folder: string, { files }: Manifest): Promise<string[]> {
  const changed: string[] = [];
  await forAll(files, async (written) => {
    if ((await stateOf(folder, written)) === 'changed') changed.push(written.path);
  });
  return changed.sort();
}

const few = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')}, ...` : names.join(', ');

/** @throws UsageError where the folder holds anything that must not be replaced */
async function checkEntries(target: string, folder: string, overwrite: boolean): Promise<Manifest | null> {
  const manifest = await readManifest(folder);
  const entries = await entriesOf(folder);
  if (entries.length === 0) return null;
  if (!overwrite) {
    throw new FolderTakenError(
      `${target} is there already and not empty.`,
      manifest ? 'Give another name, or add `overwrite: true`.' : 'Give another name.',
    );
  }
  if (!manifest) {
    throw new UsageError(
      `${target} holds files that chexgpu did not write (${few(entries)}).`,
      `Only what is listed in a ${MANIFEST_FILE} is replaced: give another name, or remove the folder yourself.`,
    );
  }
  const changed = await changedFiles(folder, manifest);
  if (changed.length > 0) {
    throw new UsageError(
      `${target} has changed since chexgpu wrote it (${few(changed)}).`,
      'That is not replaced: move it away, or give another name.',
    );
  }
  return manifest;
}

/** @throws DataError where the disk has less room than will be needed */
async function checkRoom(target: string, folder: string, needs: number): Promise<void> {
  const info = await statfs(folder).catch(() => null);
  // Some file systems say 0 of everything.
  if (!info || info.blocks === 0) return;
  const free = info.bavail * info.bsize;
  if (free >= needs) return;
  throw new DataError(
    `${target}: the disk has ${byteSize(free)} left; about ${byteSize(needs)} are needed.`,
    'Make room, or write to another disk.',
  );
}

export class OutputFolder {
  /** Written by this process. */
  private readonly written = new Map<string, WrittenFile>();
  /** The names that files got whose own were taken. */
  private readonly others = new Map<string, string>();

  private constructor(
    /** Without links. */
    readonly path: string,
    private readonly claim: Claim,
    /** Of an earlier result, until it is replaced. */
    private earlier: readonly WrittenFile[],
    private readonly adding: boolean,
  ) {}

  /**
   * Claims `target`, making it where it is not there, and finishes or removes what dead processes left in it and
   * beside it.
   * @throws UsageError where it must not be written; DataError where it cannot
   */
  static async open(target: string, options: FolderOptions = {}): Promise<OutputFolder> {
    const { inputs = NO_INPUTS, overwrite = false, adding = false, needs = 0 } = options;
    if (target === '') throw new UsageError('`out` names no folder.', 'Give its path.');
    const path = await finalPlace(target);
    await restoreEarlier(path);
    const info = await stat(path).catch(() => null);
    if (info && !info.isDirectory()) throw new UsageError(`${target} is a file.`, 'Give another `out`.');
    await refuseInputs(target, inputs, !adding);
    let claim: Claim | undefined;
    let made: string[] = [];
    try {
      made = await makeFolder(path);
      await healBeside(path);
      claim = await Claim.take(path, made);
      await sweepTemporaries(path);
      await checkRoom(target, path, needs);
      const manifest = adding ? await readManifest(path) : await checkEntries(target, path, overwrite);
      const folder = new OutputFolder(path, claim, manifest?.files ?? [], adding);
      await mkdir(folder.staged);
      return folder;
    } catch (cause) {
      await claim?.release();
      await unmakeFolders(made);
      if (cause instanceof UsageError) throw cause;
      throw writeError(target, cause);
    }
  }

  /** Where files are made that `publish` puts into place. */
  get staged(): string {
    return join(this.claim.work, STAGED);
  }

  /** A place in the work folder for files that are needed while they are made; `include` stages them. */
  aside(name: string): string {
    return join(this.claim.work, name);
  }

  async include(name: string): Promise<void> {
    await rename(this.aside(name), join(this.staged, name));
  }

  /**
   * Takes a file that was made in place, and goes on growing, onto the list at once: a log that is there even after a
   * kill. It is ours as long as it begins as it does now.
   * @param path below the folder, parts separated by `/`
   */
  async addGrowing(path: string): Promise<void> {
    const file = join(this.path, path);
    const { size: bytes } = await stat(file);
    this.written.set(path, { path, bytes, sha256: await sha256Of(file, bytes), grows: true });
    await writeWhole(
      join(this.path, MANIFEST_FILE),
      `${JSON.stringify(manifestOf(this.ours().values()), null, 1)}\n`,
    );
  }

  /** By their paths, each as it was written last. */
  private ours(): Map<string, WrittenFile> {
    return new Map([...this.earlier.map((file) => [file.path, file] as const), ...this.written]);
  }

  /**
   * Files of ours that are as they were written, by their path below the folder.
   * @param among only these paths: each file is read as a whole
   */
  async replaceable(among?: ReadonlySet<string>): Promise<Map<string, WrittenFile>> {
    const ours = this.ours();
    for (const path of ours.keys()) if (among && !among.has(path)) ours.delete(path);
    await forAll([...ours.values()], async (file) => {
      if ((await stateOf(this.path, file)) !== 'ours') ours.delete(file.path);
    });
    return ours;
  }

  /**
   * Puts all staged files into place. With the first ones an earlier result goes, unless this adds to it.
   * @throws DataError where that is not possible; what was there before is then still there, or the rest of the new
   *   result is put into place by the next start
   */
  async publish(): Promise<Published> {
    try {
      return await this.publishStaged();
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }

  /** Lets the folder go. */
  async close(): Promise<void> {
    await applyJournal(this.path, this.claim.work).catch(() => undefined);
    await this.claim.release();
  }

  private async publishStaged(): Promise<Published> {
    const found = await filesBelow(this.staged);
    if (found.length === 0) return { files: [], renamed: [] };
    const others = found.flatMap((path) => this.others.get(path) ?? []);
    const ours = await this.replaceable(new Set([...found, ...others]));
    const moves: Move[] = [];
    await forAll(found, async (from) => {
      moves.push({ from, to: { path: from, ...(await syncedFacts(join(this.staged, from))) } });
    });
    moves.sort((a, b) => (a.from < b.from ? -1 : 1));
    const { placed, renamed } = await this.freePlaces(moves, ours);
    const paths = new Set(placed.map(({ to }) => to.path));
    const stays = ({ path }: WrittenFile) => !paths.has(path);
    const removes = this.adding ? [] : this.earlier.filter(stays);
    const kept = this.adding ? this.ours() : this.written;
    const files = [...[...kept.values()].filter(stays), ...placed.map(({ to }) => to)];
    for (const folder of await foldersBelow(this.staged)) await syncFolder(folder);
    await writeJournal(this.path, this.claim.work, {
      moves: placed,
      replaces: [...ours.values()],
      removes,
      files,
    });
    await applyJournal(this.path, this.claim.work);
    if (!this.adding) this.earlier = [];
    for (const { to } of placed) this.written.set(to.path, to);
    return { files: [...paths], renamed };
  }

  /** Another name for each file whose place is taken by what is not ours. */
  private async freePlaces(moves: readonly Move[], ours: ReadonlyMap<string, WrittenFile>) {
    const renamed: Published['renamed'] = [];
    const placed: Move[] = [];
    for (const { from, to } of moves) {
      const place = join(this.path, from);
      const other = this.others.get(from);
      if (ours.has(from) || !(await lstat(place).catch(() => null))) placed.push({ from, to });
      // A file that is written again and again takes one other name, not one more each time.
      else if (other !== undefined && ours.has(other)) placed.push({ from, to: { ...to, path: other } });
      else {
        const ending = extname(from);
        const names = await readdir(dirname(place));
        const given = new FreeNames(names).take(basename(from, ending), ending);
        const path = posix.join(posix.dirname(from), given);
        placed.push({ from, to: { ...to, path } });
        this.others.set(from, path);
        renamed.push({ wanted: from, given: path });
      }
    }
    return { placed, renamed };
  }
}

/** Brings a file to the disk. */
async function syncedFacts(file: string): Promise<Omit<WrittenFile, 'path'>> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
    const { size } = await handle.stat();
    return { bytes: size, sha256: await sha256Of(file) };
  } finally {
    await handle.close();
  }
}

/** Regular files, parts separated by `/`. @throws DataError for a name that leads elsewhere */
async function filesBelow(folder: string, prefix = ''): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) files.push(...(await filesBelow(folder, path)));
    else if (entry.isFile()) files.push(path);
    if (!isBelow(path)) throw new DataError(`"${path}" is no name for a file of a result.`);
  }
  return files;
}

async function foldersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  return [folder, ...(await Promise.all(below.map(foldersBelow))).flat()];
}
