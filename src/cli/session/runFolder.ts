/** The folder of a run: where it lies, and that it is let go whatever happens. */
import { join, resolve } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { FolderTakenError } from '../../core/outputs/claim.node.js';
import { OutputFolder } from '../../core/outputs/outputFolder.node.js';
import type { Inputs } from '../../core/outputs/protectInputs.node.js';
import { safeName } from '../../core/outputs/safeNames.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import type { CommandContext } from './commandContext.js';

export interface FolderFlags {
  out?: string;
  name?: string;
  overwrite: boolean;
}

const RUNS = 'runs';

/** `--out`, or `runs/<name>`; null where neither is given. @throws UsageError for what is no name */
function namedFolder({ out, name }: Pick<FolderFlags, 'out' | 'name'>): string | null {
  if (out !== undefined && name !== undefined) {
    throw new UsageError('--out and --name both name the folder.', 'Give one of them.');
  }
  if (name !== undefined && (name === '' || safeName(name) !== name)) {
    throw new UsageError(
      `"${name}" is no name for a run.`,
      'Use letters, digits, dots, dashes; or give --out DIR.',
    );
  }
  if (out !== undefined) return out === '' ? '' : resolve(out);
  return name === undefined ? null : resolve(RUNS, name);
}

/** Date and time, as a name. */
function timeName(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}_${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
}

/** Of several that start within one second, each gets a folder: -2, -3, ... */
const MOST_NAMES = 100;

interface RunOptions {
  inputs: Inputs;
  /** Bytes that will be written at most. */
  needs: number;
  now?: Date;
  /** The folder of a run that goes on: it keeps what is in it. */
  goesOnIn?: string;
}

async function openNamed(flags: FolderFlags, { inputs, needs, now = new Date(), goesOnIn }: RunOptions) {
  if (goesOnIn !== undefined) {
    const folder = await OutputFolder.open(goesOnIn, { inputs, needs, adding: true });
    return { target: goesOnIn, folder };
  }
  const named = namedFolder(flags);
  const options = { inputs, needs };
  if (named !== null) {
    return {
      target: named,
      folder: await OutputFolder.open(named, { ...options, overwrite: flags.overwrite }),
    };
  }
  for (let n = 1; ; n++) {
    const target = resolve(RUNS, timeName(now) + (n === 1 ? '' : `-${n}`));
    try {
      return { target, folder: await OutputFolder.open(target, options) };
    } catch (error) {
      if (!(error instanceof FolderTakenError) || n === MOST_NAMES) throw error;
    }
  }
}

/** What a command needs of its folder. */
export interface RunFolder {
  /** As the user knows it. */
  readonly target: string;
  /** Where files are made before they are published. */
  readonly staged: string;
  /** A place for files that are needed meanwhile, and come into the folder with `include`. */
  aside(name: string): string;
  include(name: string): Promise<void>;
  /** Puts into place what is staged; a warning where a name was taken. */
  publish(): Promise<void>;
  /** Takes over a file that was made in its place below the folder and goes on growing. */
  addGrowing(path: string): Promise<void>;
}

/**
 * Claims the folder, does the work, lets the folder go. What was published stays, whatever the end.
 * @throws UsageError for a folder that must not be replaced, or has another run at work in it
 */
export async function inRunFolder<T>(
  { out }: CommandContext,
  flags: FolderFlags,
  options: RunOptions,
  work: (folder: RunFolder) => Promise<T>,
): Promise<T> {
  const { target, folder } = await openNamed(flags, options);
  const asides = new Set<string>();
  let published = false;
  const run: RunFolder = {
    target,
    staged: folder.staged,
    aside: (name) => {
      asides.add(name);
      return folder.aside(name);
    },
    include: async (name) => {
      asides.delete(name);
      await folder.include(name);
    },
    publish: async () => {
      const { renamed } = await folder.publish();
      published = true;
      for (const { wanted, given } of renamed) {
        out.warn(`${shownPath(join(target, wanted))} is not ours and stays; see ${given}.`);
      }
    },
    addGrowing: (path) => folder.addGrowing(path),
  };
  try {
    return await work(run);
  } finally {
    // An end before its time: what a result was made from belongs to it.
    if (published && asides.size > 0) await includeAll(run, asides).catch((error) => out.warn(error.message));
    await folder.close();
  }
}

async function includeAll(run: RunFolder, names: ReadonlySet<string>): Promise<void> {
  for (const name of names) await run.include(name);
  await run.publish();
}
