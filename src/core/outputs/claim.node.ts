/**
 * One process at a time writes into a folder: it holds the work folder in there, from its start to its end. What a
 * dead one left is finished where its journal says so, else removed; by whoever next writes there or beside it.
 */
import { existsSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { readRegularFile } from '../readFile.node.js';
import { writeSynced } from '../writeFile.node.js';
import { applyJournal, hasJournal, JOURNAL } from './journal.node.js';
import { unmakeFolders } from './realPaths.node.js';
import { isGone, isOwn, newToken, pidOf } from './workToken.node.js';

const WORK_FOLDER = '.chexgpu-work';
/** A dead process's work folder, taken by the process that the rest of the name tells. */
const LEFT = '.chexgpu-left.';
/** A work folder before it is one and when it is one no more, of the process that the rest of the name tells. */
const ASIDE = '.chexgpu-aside.';
const OWNER = 'owner.json';

interface Owner {
  token: string;
  /** Whether the folder around was made for this work. */
  made: boolean;
}

export const isWorkName = (name: string): boolean =>
  name === WORK_FOLDER || name.startsWith(LEFT) || name.startsWith(ASIDE);

async function ownerOf(work: string): Promise<Owner | null> {
  try {
    const bytes = await readRegularFile(join(work, OWNER), { limit: 65_536 });
    const { token, made } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Owner>;
    return typeof token === 'string' ? { token, made: made === true } : null;
  } catch {
    return null;
  }
}

/** A work folder of another user is never touched: who knows what it would have us move. */
async function isOurs(work: string): Promise<boolean> {
  const info = await lstat(work).catch(() => null);
  return info?.isDirectory() === true && (!process.getuid || info.uid === process.getuid());
}

/** Whether its process is dead; none living is without its owner's name. */
async function isLeft(work: string, owner: Owner | null): Promise<boolean> {
  return (await isOurs(work)) && (owner === null || isGone(owner.token));
}

/** The folder is another's: a living process's, or there is a result in it. */
export class FolderTakenError extends UsageError {}

function busy(folder: string, owner: Owner | null): FolderTakenError {
  const who = owner ? ` (process ${pidOf(owner.token)})` : '';
  return new FolderTakenError(
    `${folder} is being written by another chexgpu${who}.`,
    `Give another name; if none is running, on no machine, remove ${join(folder, WORK_FOLDER)}.`,
  );
}

/** Held claims, let go when the process ends however it ends, short of a kill. */
const held = new Set<Claim>();

process.on('exit', () => {
  for (const claim of held) claim.abandon();
});

export class Claim {
  private isEntered = false;

  private constructor(
    /** The folder, without links. */
    readonly folder: string,
    /** Folders that were made for it, the uppermost first. */
    private readonly made: readonly string[],
    private readonly token: string,
  ) {}

  get work(): string {
    return join(this.folder, WORK_FOLDER);
  }

  private get aside(): string {
    return join(this.folder, `${ASIDE}${this.token}`);
  }

  /**
   * Takes the folder, which has to be there, and puts in order what dead processes left in it.
   * @param made folders that were made for it
   * @throws UsageError when a living process has it; what the file system throws
   */
  static async take(folder: string, made: readonly string[] = []): Promise<Claim> {
    const claim = new Claim(folder, made, newToken());
    held.add(claim);
    try {
      const owner: Owner = { token: claim.token, made: made.includes(folder) };
      await mkdir(claim.aside);
      await writeSynced(join(claim.aside, OWNER), JSON.stringify(owner));
      const taken: string[] = [];
      while (!(await claim.enter())) taken.push(await takeOver(folder, claim.work));
      await finishLeft(folder, taken);
      return claim;
    } catch (cause) {
      await claim.release();
      throw cause;
    }
  }

  /** Gives the work folder its name, with its owner's in it; false where another one stands there. */
  private async enter(): Promise<boolean> {
    this.isEntered = await rename(this.aside, this.work).then(
      () => true,
      async (cause: NodeJS.ErrnoException) => {
        const isTaken = ['EEXIST', 'ENOTEMPTY'].includes(cause.code ?? '');
        if (!isTaken && !(await lstat(this.work).catch(() => null))) throw cause;
        return false;
      },
    );
    return this.isEntered;
  }

  /** Lets go; the work folder goes, and what was made for it and is still empty. */
  async release(): Promise<void> {
    if (!held.delete(this)) return;
    // A result that is half in place is put into place by the next start.
    if (this.isEntered && (await hasJournal(this.work))) return;
    // So that nobody ever meets a work folder with a part of it gone.
    if (this.isEntered) await rename(this.work, this.aside).catch(() => undefined);
    await rm(this.aside, { recursive: true, force: true });
    await unmakeFolders(this.made);
  }

  /** The same, at once. */
  abandon(): void {
    held.delete(this);
    if (this.isEntered && existsSync(join(this.work, JOURNAL))) return;
    try {
      if (this.isEntered) renameSync(this.work, this.aside);
      rmSync(this.aside, { recursive: true, force: true });
      for (const folder of [...this.made].reverse()) rmdirSync(folder);
    } catch {
      // Not empty, or not to be removed: the next start tries again.
    }
  }
}

/** Gives a dead process's work folder another name. @throws UsageError when its process lives */
async function takeOver(folder: string, work: string): Promise<string> {
  const owner = await ownerOf(work);
  // Let go in the meantime.
  if (!owner && !(await lstat(work).catch(() => null))) return '';
  if (!(await isLeft(work, owner))) throw busy(folder, owner);
  const left = join(folder, `${LEFT}${newToken()}`);
  const moved = await rename(work, left).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (cause.code !== 'ENOENT') throw cause;
      return false;
    },
  );
  if (!moved) return '';
  const renamed = await ownerOf(left);
  if (renamed?.token === owner?.token) return left;
  // Another process took it over and began anew, between our looking and our renaming.
  await rename(left, work).catch(() => undefined);
  throw busy(folder, renamed);
}

/** Being finished by this process. */
const finishing = new Set<string>();

/**
 * Whether nobody is at a work folder that is aside or was taken. One taken that this process could not finish may be
 * tried again.
 */
function isGivenUp(work: string): boolean {
  const name = basename(work);
  if (name.startsWith(ASIDE)) return isGone(name.slice(ASIDE.length));
  const taker = name.slice(LEFT.length);
  return isGone(taker) || (isOwn(taker) && !finishing.has(work));
}

/** Finishes or removes what dead processes left, and what this one took over. */
async function finishLeft(folder: string, taken: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    const left = join(folder, name);
    if (name === WORK_FOLDER || !isWorkName(name) || !(await isOurs(left))) continue;
    if (!taken.includes(left) && !isGivenUp(left)) {
      // Aside and alive is a start or an end of somebody's work.
      if (name.startsWith(ASIDE)) continue;
      throw busy(folder, null);
    }
    finishing.add(left);
    try {
      await applyJournal(folder, left);
      await rm(left, { recursive: true, force: true });
    } finally {
      finishing.delete(left);
    }
  }
}

/**
 * Puts a folder in order where a process died that wrote into it; does nothing where that cannot be done, or where
 * a living one is at work or has just let go: a claim of ours would keep it from removing the folder that it made.
 */
export async function healFolder(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(isWorkName);
  for (const name of names) {
    const work = join(folder, name);
    const owner = await ownerOf(work);
    const isDead = name === WORK_FOLDER ? await isLeft(work, owner) : isGivenUp(work);
    if (!isDead) continue;
    const claim = await Claim.take(folder, owner?.made ? [folder] : []).catch(() => null);
    await claim?.release();
    return;
  }
}

/** The same for the folders beside one: runs have a new name every time. */
export async function healBeside(folder: string): Promise<void> {
  const above = dirname(folder);
  for (const entry of await readdir(above, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const beside = join(above, entry.name);
    if (beside !== folder) await healFolder(beside);
  }
}
