/** Predictions CSV on disk; the layout is in predictionsCsv.ts. */
import { writeWhole } from '../../core/writeFile.node.js';
import type { FrameOptions } from '../../data/tables/csv.js';
import { readTextFile } from '../../data/tables/csv.node.js';
import { predictionsFromCsv } from './parsePredictions.js';
import { type PredictionRows, type PredictionTable, predictionsToCsv } from './predictionsCsv.js';

/** @throws what `predictionsToCsv` throws, before anything is written. */
export async function writePredictionsCsv(path: string, table: PredictionRows): Promise<void> {
  await writeWhole(path, predictionsToCsv(table));
}

/**
 * @param labels the classes wanted; null or nothing for all that the file has predictions of
 * @throws DataError if the file cannot be read, and what `predictionsFromCsv` throws.
 */
export async function readPredictionsCsv(
  path: string,
  labels: readonly string[] | null = null,
  options: Pick<FrameOptions, 'unknownLabels'> = {},
): Promise<PredictionTable> {
  return predictionsFromCsv(await readTextFile(path), labels, path, options);
}
