/** The pointing game over images with known boxes: whether Grad-CAM points at what it has found. */
import { DataError, NonFiniteError } from '../../core/errors.js';
import { percent } from '../../core/formatting.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import { quoted } from '../../data/tables/csvCells.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { type Pointing, pointAt, pointingResult } from '../../eval/explain/pointing.js';
import type { PointingSummary } from '../../eval/report/reportData.js';
import { shownProbabilities } from '../prediction/outputs.js';
import type { WorkContext } from '../reporter.js';
import { type Case, type ExplainOptions, loadForGradcam, scaledBoxes } from './explain.node.js';

/** One map of a true positive. */
export interface PlayedMap extends Pointing {
  image: string;
  label: string;
  probability: number;
}

export interface PointingGame {
  result: PointingSummary;
  maps: PlayedMap[];
}

/** Above it a finding counts as found. */
export const POINTING_THRESHOLD = 0.5;

/**
 * Makes a map of every finding that an image has, that a box shows, and that the network finds with a probability
 * above the threshold. Peaks are of the map at the network's size.
 * @param cases images with their labels and boxes
 * @param onFailure gets an image that cannot be read or has no contrast: it takes no part
 */
export async function playPointing(
  { out, signal }: WorkContext,
  pool: DecodePool,
  model: DenseNet,
  cases: readonly Case[],
  {
    threshold = POINTING_THRESHOLD,
    onFailure,
    ...options
  }: Omit<ExplainOptions, 'classes'> & {
    threshold?: number;
    onFailure: (name: string, error: Error) => void;
  },
): Promise<PointingGame> {
  const { labels } = options.outputs;
  const maps: PlayedMap[] = [];
  const bar = out.progress('Grad-CAM of the true positives', cases.length, 'images');
  for (const [i, one] of cases.entries()) {
    signal.throwIfAborted();
    try {
      maps.push(...(await play(pool, model, one, threshold, options)));
    } catch (error) {
      if (!(error instanceof DataError || error instanceof NonFiniteError)) throw error;
      onFailure(one.name, error);
    }
    bar.update(i + 1);
  }
  out.endProgress();
  return { result: pointingResult(labels, maps, threshold), maps };
}

async function play(
  pool: DecodePool,
  model: DenseNet,
  { path, name, labels, boxes }: Case,
  threshold: number,
  options: Omit<ExplainOptions, 'classes'>,
): Promise<PlayedMap[]> {
  const { outputs, size, score } = options;
  const shownBy = (label: string) => boxes.some((box) => box.label === label);
  const candidates = labels.filter((label) => outputs.labels.includes(label) && shownBy(label));
  if (candidates.length === 0) return [];
  const batch = await loadForGradcam(pool, path, options);
  const p = shownProbabilities(outputs, await model.predict(batch));
  const found = candidates
    .map((label) => ({ label, c: outputs.labels.indexOf(label) }))
    .filter(({ c }) => p[c] > threshold);
  if (found.length === 0) return [];
  const scaled = await scaledBoxes(pool, path, boxes, size);
  const maps = await model.gradcam(
    batch,
    found.map(({ c }) => c),
    { score },
  );
  return found.map(({ label, c }, i) => ({
    image: name,
    label,
    probability: p[c],
    ...pointAt(
      maps[i],
      scaled.filter((box) => box.label === label),
    ),
  }));
}

/** The table of the findings, and one line for all. */
export function sayPointing({ out }: WorkContext, { classes, all, threshold }: PointingSummary): void {
  if (all.maps === 0) {
    out.say(
      `No finding with a known box is found with a probability above ${threshold}: nothing points anywhere.`,
    );
    return;
  }
  out.table(
    ['class', 'true positives', 'peak in its box', 'by chance'],
    classes.map(({ label, maps, hits, chance }) => [
      label,
      maps,
      percent(hits / maps, 1),
      percent(chance, 1),
    ]),
  );
  out.say(
    `The peak of Grad-CAM lies in the finding's box for ${percent(all.hits / all.maps, 1)} of ${all.maps} true ` +
      `positives above ${threshold}; by chance ${percent(all.chance, 1)}`,
  );
}

/** Of a run's pointing game, one row per map. */
export function pointingCsv(maps: readonly PlayedMap[]): string {
  const rows = maps.map(({ image, label, probability, x, y, hit, chance }) =>
    [quoted(image), quoted(label), probability, x, y, hit ? 1 : 0, chance].join(','),
  );
  return `${['Image,Label,probability,x,y,in_box,chance', ...rows].join('\n')}\n`;
}
