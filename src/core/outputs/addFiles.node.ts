/** Single files that join what is in a folder. Whether that is possible is asked before the computing. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { probeFolder, writeWhole } from '../writeFile.node.js';
import { FolderTakenError } from './claim.node.js';
import { readManifest, stateOf } from './manifest.node.js';
import { OutputFolder } from './outputFolder.node.js';
import { type Inputs, NO_INPUTS, refuseInputs } from './protectInputs.node.js';
import { finalPlace } from './realPaths.node.js';
import { FreeNames } from './safeNames.js';

export interface AddOptions {
  inputs?: Inputs;
  /** Replaces files of the same name, those that chexgpu wrote. */
  overwrite?: boolean;
}

export interface NewFile {
  /** The name without its ending: any text. */
  name: string;
  ending: string;
  content: string | Uint8Array;
}

/** How long one waits for another process that adds to the same folder. */
const PATIENCE_MS = 30_000;

/**
 * Whether files may and can be added to the folder `target`.
 * @param names of files that will have exactly these names
 * @throws UsageError where not; DataError where it cannot be written
 */
export async function checkAdding(
  target: string,
  { inputs = NO_INPUTS, overwrite = false }: AddOptions = {},
  names: readonly string[] = [],
): Promise<void> {
  if (target === '') throw new UsageError('`out` names no folder.', 'Give its path.');
  const place = await finalPlace(target);
  const info = await stat(place).catch(() => null);
  if (info && !info.isDirectory()) throw new UsageError(`${target} is a file.`, 'Give another `out`.');
  await refuseInputs(target, inputs, false);
  const manifest = await readManifest(place);
  for (const name of names) {
    const file = join(target, name);
    if (!existsSync(join(place, name))) continue;
    if (!overwrite) throw new UsageError(`${file} exists.`, 'Give another `out`, or `overwrite: true`.');
    await refuseInputs(file, inputs, false);
    const listed = manifest?.files.find(({ path }) => path === name);
    if (!listed || (await stateOf(place, listed)) !== 'ours') {
      throw new UsageError(`${file} is not as chexgpu wrote it.`, 'It is not replaced: give another `out`.');
    }
  }
  await probeFolder(target, place);
}

async function isInput(file: string, inputs: Inputs): Promise<boolean> {
  return refuseInputs(file, inputs, false).then(
    () => false,
    () => true,
  );
}

/** Claims the folder as soon as no other process has it. */
async function openWhenFree(target: string, inputs: Inputs): Promise<OutputFolder> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await OutputFolder.open(target, { inputs, adding: true });
    } catch (cause) {
      if (!(cause instanceof FolderTakenError) || Date.now() > until) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * Adds files to a folder, all or none. A name that is taken gets a number, unless `overwrite` and the file there is
 * one that chexgpu wrote.
 * @returns their paths, in order
 */
export async function addFiles(
  target: string,
  files: readonly NewFile[],
  { inputs = NO_INPUTS, overwrite = false }: AddOptions = {},
): Promise<string[]> {
  const folder = await openWhenFree(target, inputs);
  try {
    const ours = overwrite ? [...(await folder.replaceable()).keys()] : [];
    const kept = await Promise.all(ours.map((name) => isInput(join(target, name), inputs)));
    const free = new Set(ours.filter((_, i) => !kept[i]));
    const there = await readdir(folder.path);
    const names = new FreeNames(there.filter((name) => !free.has(name)));
    const given = files.map(({ name, ending }) => names.take(name, ending));
    for (const [i, name] of given.entries()) await writeWhole(join(folder.staged, name), files[i].content);
    await folder.publish();
    return given.map((name) => join(target, name));
  } finally {
    await folder.close();
  }
}
