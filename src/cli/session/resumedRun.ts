/** The run that --resume names: its folder, its last checkpoint and its command. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, UsageError, WeightsError } from '../../core/errors.js';
import { healFolder } from '../../core/outputs/claim.node.js';
import { safeName } from '../../core/outputs/safeNames.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import type { StoredCheckpoint } from '../../densenet/checkpoint/checkpointFile.js';
import { loadCheckpoint } from '../../densenet/checkpoint/checkpointFile.node.js';
import { CHECKPOINT_FILE, type RunAbout } from '../../workflow/training/checkpoints.node.js';

export interface ResumedRun extends Omit<StoredCheckpoint, 'about'> {
  /** Its folder. */
  target: string;
  /** The file, in words. */
  file: string;
  about: RunAbout;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * @param run a name in runs/, a folder, or the checkpoint in it
 * @throws DataError where there is none; WeightsError for a checkpoint that is damaged, or of no training command
 */
export async function resumedRun(run: string): Promise<ResumedRun> {
  if (run === '') throw new UsageError('--resume names no run.', 'Give a name in runs/, or a folder.');
  const folder = basename(run) === CHECKPOINT_FILE ? dirname(run) : run;
  const named = safeName(folder) === folder ? [resolve('runs', folder)] : [];
  const places = [...named, resolve(folder)];
  for (const target of places) {
    // What a killed process left half in place is put in order first.
    if (await isThere(target)) await healFolder(target);
    const path = join(target, CHECKPOINT_FILE);
    if (!(await isThere(path))) continue;
    const { about, ...stored } = await loadCheckpoint(path);
    const file = shownPath(path);
    return { ...stored, target, file, about: checkedAbout(about, file) };
  }
  const tried = places.map((place) => shownPath(join(place, CHECKPOINT_FILE))).join(' or ');
  throw new DataError(
    `There is nothing to go on from: no ${tried}.`,
    'Give the name of a run in runs/, or its folder.',
  );
}

function checkedAbout(about: StoredCheckpoint['about'], file: string): RunAbout {
  const { kind } = (about ?? {}) as { kind?: unknown };
  if (kind === 'chexgpu train') return about as unknown as RunAbout;
  throw new WeightsError(
    `${file} was not kept by chexgpu train: it does not say on which data.`,
    'Go on with the program that kept it.',
  );
}
