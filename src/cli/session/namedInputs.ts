/** What a command reads, for the rule that it never writes there. */
import { dirname, join } from 'node:path';
import { healFolder } from '../../core/outputs/claim.node.js';
import type { Inputs } from '../../core/outputs/protectInputs.node.js';
import { resolveWeights } from '../../densenet/weights/weights.node.js';
import type { DatasetSource } from '../../workflow/data/dataset.node.js';
import { HISTORY_FILE } from '../../workflow/weights/history.node.js';
import type { WeightOptions } from '../../workflow/weights/knownWeights.node.js';

/**
 * The inputs that are named; results among them that a killed process left half in place are put in order.
 * @param weights a path or a name in weights/
 * @throws WeightsError when there is no such file
 */
export async function inputsOf(
  paths: readonly (string | undefined)[],
  imageFolders: readonly (string | undefined)[] = [],
  weights?: string,
): Promise<Inputs> {
  const named = (list: readonly (string | undefined)[]) =>
    list.filter((path): path is string => path !== undefined);
  const found = named(paths);
  if (weights !== undefined) {
    await healFolder(dirname(weights));
    const file = await resolveWeights(weights);
    found.push(file, join(dirname(file), HISTORY_FILE));
  }
  for (const folder of new Set(found.flatMap((path) => [path, dirname(path)]))) await healFolder(folder);
  return { paths: found, imageFolders: named(imageFolders) };
}

/** The file of --history. */
export const namedHistory = ({ history }: WeightOptions): string | undefined =>
  typeof history === 'string' ? history : undefined;

/** Those of a training. */
export function trainingInputs(
  flags: DatasetSource & WeightOptions & { weights?: string; config?: string },
): Promise<Inputs> {
  const { data, trainCsv, validCsv, testCsv, images, weights, config } = flags;
  const files = [data, trainCsv, validCsv, testCsv, namedHistory(flags), config];
  return inputsOf(files, [images ?? (data && join(data, 'images'))], weights);
}
