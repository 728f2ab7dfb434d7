/** Grad-CAM of chosen images: the notebook's last section. */
import { resolve } from 'node:path';
import { DataError, NonFiniteError, UsageError } from '../../core/errors.js';
import { tell, untilAborted } from '../../core/work.js';
import { boxesOf } from '../../data/checks/checkFolder.node.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { Interpolation } from '../../data/images/resize.js';
import type { CsvTable } from '../../data/tables/csv.js';
import { readTable } from '../../data/tables/csv.node.js';
import type { Frame } from '../../data/tables/frame.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { gradcamTitle } from '../../eval/explain/overlay.node.js';
import type { FindingBox, GradcamRow } from '../../eval/report/reportData.js';
import type { PredictionTable } from '../../eval/scores/predictionsCsv.js';
import type { Normalisation, PixelBatch } from '../../training/batch.js';
import type { CamScore } from '../../training/inspection/explainer.js';
import type { Dataset } from '../data/dataset.node.js';
import type { Classifier } from '../prediction/classifier.node.js';
import { type Outputs, shownProbabilities } from '../prediction/outputs.js';
import type { WorkContext } from '../reporter.js';

/** An image to explain. */
export interface Case {
  /** Where it lies. */
  path: string;
  /** How it is called in the report. */
  name: string;
  labels: string[];
  /** In pixels of the file. */
  boxes: FindingBox[];
}

export interface ExplainOptions {
  size: number;
  interpolation: Interpolation;
  score: CamScore;
  classes: readonly string[] | ((p: Float32Array) => readonly string[]);
  outputs: Outputs;
  /** As the weights themselves say; else as the course's util.py does for Grad-CAM. */
  normalisation?: Normalisation;
}

/** As `classifier` has its images: only what the weights themselves say goes before the course's normalisation. */
export function explanationOf({ outputs, preparation }: Pick<Classifier, 'outputs' | 'preparation'>) {
  const { size, interpolation, normalisedBy, normalisation } = preparation;
  const own = normalisedBy === 'weights' ? (normalisation ?? undefined) : undefined;
  return { size, interpolation, outputs, normalisation: own };
}

/**
 * What Grad-CAM differentiates: the logit of a softmax, as that makes its probabilities of all outputs together.
 * @throws UsageError for a sigmoid that is not there
 */
export function chooseScore({ activation }: Pick<DenseNetConfig, 'activation'>, score?: CamScore): CamScore {
  if (activation === 'sigmoid') return score ?? 'sigmoid';
  if (score === 'sigmoid') {
    throw new UsageError(
      'These weights end in a softmax: there is no sigmoid.',
      'Leave out `score: sigmoid`.',
    );
  }
  return 'logit';
}

/** The course's util.py: each image by itself, without an epsilon, unlike the generator's 1e-6. */
const OF_THE_IMAGE: Normalisation = { kind: 'samplewise', epsilon: 0 };

export async function loadForGradcam(
  pool: DecodePool,
  path: string,
  {
    size,
    interpolation,
    normalisation = OF_THE_IMAGE,
  }: Pick<ExplainOptions, 'size' | 'interpolation' | 'normalisation'>,
): Promise<PixelBatch> {
  const { data, width, height, channels } = await pool.load(path, size, size, interpolation);
  if (normalisation === OF_THE_IMAGE && data.every((value) => value === data[0])) {
    throw new NonFiniteError(
      `${path} has one single value (${data[0]}) at ${size} px: divided by its deviation of 0 it has no numbers, ` +
        'and there is no Grad-CAM of it.',
      'Leave it out.',
    );
  }
  return {
    count: 1,
    height,
    width,
    channels,
    pixels: data,
    normalisation,
    files: [path],
  };
}

/**
 * Maps for all the images: of the same classes, or of those chosen by each image's probabilities. An image that
 * cannot be read, or has no contrast, costs its own maps only: `onFailure` gets it.
 */
export async function explain(
  context: WorkContext,
  pool: DecodePool,
  model: DenseNet,
  cases: readonly Case[],
  { onFailure, ...options }: ExplainOptions & { onFailure: (name: string, error: Error) => void },
): Promise<GradcamRow[]> {
  const rows: GradcamRow[] = [];
  for (const [done, one] of cases.entries()) {
    await tell(context, { phase: 'explain', done, total: cases.length, unit: 'images', note: one.name });
    try {
      rows.push(await explainOne(context, pool, model, one, options));
    } catch (error) {
      if (!(error instanceof DataError || error instanceof NonFiniteError)) throw error;
      onFailure(one.name, error);
    }
  }
  return rows;
}

async function explainOne(
  { out, signal, onProgress }: WorkContext,
  pool: DecodePool,
  model: DenseNet,
  { path, name, labels, boxes }: Case,
  options: ExplainOptions,
): Promise<GradcamRow> {
  const { size, score, classes, outputs } = options;
  const work = { signal, onProgress };
  const batch = await untilAborted(loadForGradcam(pool, path, options), signal);
  const shown = shownProbabilities(outputs, await model.predict(batch, work));
  const wanted = typeof classes === 'function' ? classes(shown) : classes;
  const indices = wanted.map((label) => outputs.labels.indexOf(label));
  const maps = await model.gradcam(batch, indices, { score, ...work });
  const row: GradcamRow = {
    file: name,
    labels,
    boxes: boxes.length > 0 ? await scaledBoxes(pool, path, boxes, size) : [],
    image: { width: size, height: size, channels: batch.channels, pixels: batch.pixels },
    maps: maps.map(({ classIndex, map, empty }, i) => ({
      label: wanted[i],
      probability: shown[classIndex],
      score,
      map,
      empty,
    })),
  };
  const found = labels.length > 0 ? ` (${labels.join(', ')})` : '';
  const titles = row.maps.map((map) => gradcamTitle(map) + (map.empty ? ' [nothing speaks for it]' : ''));
  out.say(`  ${name}${found}: ${titles.join('  ')}`);
  return row;
}

export async function scaledBoxes(
  pool: DecodePool,
  path: string,
  boxes: readonly FindingBox[],
  size: number,
): Promise<FindingBox[]> {
  const { width, height } = await pool.inspect(path);
  const [sx, sy] = [size / width, size / height];
  return boxes.map((b) => ({
    label: b.label,
    x: b.x * sx,
    y: b.y * sy,
    width: b.width * sx,
    height: b.height * sy,
  }));
}

/** Boxes by the path of their image. */
export type BoxesByImage = ReadonlyMap<string, readonly FindingBox[]>;

const boxKey = (images: string, image: string): string => resolve(imagePath(images, image));

/**
 * The boxes of a data set; nothing where there is no such file.
 * @throws DataError naming file and line for one that cannot be trusted
 */
export async function readBoxes({
  boxes: file,
  images,
}: Pick<Dataset, 'boxes' | 'images'>): Promise<BoxesByImage> {
  const boxes = new Map<string, FindingBox[]>();
  let table: CsvTable;
  try {
    table = await readTable(file);
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    if (error instanceof DataError && code === 'ENOENT') return boxes;
    throw error;
  }
  for (const [row, { image, label, x, y, width, height }] of boxesOf(table).entries()) {
    if (![x, y, width, height].every(Number.isFinite)) {
      throw new DataError(
        `${file}, line ${table.lines[row]}: the box of ${image} is not made of numbers.`,
        'Mend or remove that line.',
      );
    }
    const key = boxKey(images, image);
    boxes.set(key, [...(boxes.get(key) ?? []), { label, x, y, width, height }]);
  }
  return boxes;
}

/** Every row of a table as a case, with the findings that it is known to have. */
export function casesOf(
  { images: names, labels, classes }: Pick<Frame, 'images' | 'labels' | 'classes'>,
  images: string,
  boxes: BoxesByImage,
): Case[] {
  return names.map((name, row) => ({
    path: imagePath(images, name),
    name,
    labels: classes.filter((_, c) => labels[row * classes.length + c] === 1),
    boxes: [...(boxes.get(boxKey(images, name)) ?? [])],
  }));
}

/**
 * For each class one test image that has it, one with a known box if there is one, else the one the
 * network is surest of; the image it is surest of where none has it. No image twice, whatever it is called, and none
 * of `leftOut`.
 */
export function chooseCases(
  classes: readonly string[],
  table: PredictionTable,
  images: string,
  boxes: BoxesByImage,
  leftOut: ReadonlySet<string> = new Set(),
): Case[] {
  const taken = new Map<string, number>();
  const { labels } = table;
  const keyOf = (row: number) => boxKey(images, table.images[row]);
  const boxesOfRow = (row: number) => boxes.get(keyOf(row)) ?? [];
  const isOpen = (row: number) => !taken.has(keyOf(row)) && !leftOut.has(table.images[row]);
  for (const label of classes) {
    const c = labels.indexOf(label);
    const rank = (row: number): number[] => [
      Number(table.truth[row * labels.length + c] === 1),
      Number(boxesOfRow(row).some((box) => box.label === label)),
      table.predictions[row * labels.length + c],
    ];
    const best = table.images.reduce(
      (winner, _, row) => (isOpen(row) && (winner < 0 || above(rank(row), rank(winner))) ? row : winner),
      -1,
    );
    if (best >= 0) taken.set(keyOf(best), best);
  }
  return [...taken.values()].map((row) => ({
    path: imagePath(images, table.images[row]),
    name: table.images[row],
    labels: labels.filter((_, c) => table.truth[row * labels.length + c] === 1),
    boxes: [...boxesOfRow(row)],
  }));
}

function above(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, k) => value !== b[k]);
  return i >= 0 && a[i] > b[i];
}
