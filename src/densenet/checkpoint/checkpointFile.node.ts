/** Checkpoints on disk. */
import { requirePath } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { requireWork, type WorkOptions } from '../../core/work.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { WeightsMeaning } from '../weights/weightsMeaning.js';
import { readCheckpointBytes, type StoredCheckpoint, writeCheckpointBytes } from './checkpointFile.js';

/** Several times what DenseNet201 takes with Adam's state and the best weights. */
const LARGEST_FILE = 2 ** 31;

/**
 * Writes a checkpoint whole: the file that was there stays until the new one is on the disk.
 * @throws as `writeCheckpointBytes`; DataError where the disk refuses
 */
export async function saveCheckpoint(
  path: string,
  stored: StoredCheckpoint,
  meaning?: Partial<WeightsMeaning>,
  work?: WorkOptions,
): Promise<void> {
  requirePath('A checkpoint', path);
  await writeWhole(path, await writeCheckpointBytes(stored, meaning, work));
}

/** @throws as `readCheckpointBytes`; WeightsError for no regular file, or one above 2 GB */
export async function loadCheckpoint(path: string, work: WorkOptions = {}): Promise<StoredCheckpoint> {
  requireWork(work);
  requirePath('A checkpoint', path);
  const bytes = await readRegularFile(path, { limit: LARGEST_FILE, error: WeightsError });
  return readCheckpointBytes(bytes, path, work);
}
