/**
 * Pictures of a training under way: ROC curves of the validation, and Grad-CAM of the same few validation images every
 * time. They name findings; no file and no patient.
 */
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { Frame } from '../../data/tables/frame.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { gradcamGridSvg, rowPictures } from '../../eval/explain/overlay.node.js';
import { figurePng } from '../../eval/report/figurePng.node.js';
import { rocSpec } from '../../eval/report/figureSpecs.js';
import { renderFigure } from '../../eval/report/renderFigures.node.js';
import { evaluate } from '../../eval/scores/evaluate.js';
import type { ValidationInfo } from '../../training/callbacks/callback.js';
import type { PictureMaker, TaggedPicture } from '../../training/callbacks/tensorBoard.js';
import type { Preparation } from '../data/dataset.node.js';
import { SILENT, type WorkContext } from '../reporter.js';
import { type Case, explain } from '../results/explain.node.js';

/** Findings with a Grad-CAM each. */
const EXPLAINED = 4;

export interface PictureSource {
  model: DenseNet;
  pool: DecodePool;
  /** The validation rows, and where their images lie. */
  frame: Frame;
  images: string;
  preparation: Preparation;
  /** Names of films of one single value, which have no Grad-CAM. */
  constant: ReadonlySet<string>;
}

/** @returns the pictures of an epoch; one that cannot be made is said, and the others are there */
export function trainingPictures(context: WorkContext, source: PictureSource): PictureMaker {
  let cases: readonly ExplainedCase[] | null = null;
  return async (_epoch, validation) => {
    if (validation === null) return [];
    const chosen = cases ?? chooseExplained(source, validation);
    cases = chosen;
    return [
      ...(await attempt(context, 'ROC curves', () => rocPicture(validation))),
      ...(await attempt(context, 'Grad-CAM', () => camPictures(context, source, chosen))),
    ];
  };
}

/** No picture is worth a training. */
async function attempt(
  { out, signal }: WorkContext,
  what: string,
  make: () => Promise<TaggedPicture[]>,
): Promise<TaggedPicture[]> {
  try {
    return await make();
  } catch (error) {
    if (signal.aborted) throw error;
    out.warn(`TensorBoard has no ${what} of this epoch: ${(error as Error).message}`);
    return [];
  }
}

async function rocPicture({ probabilities, labels, classes }: ValidationInfo): Promise<TaggedPicture[]> {
  const evaluation = evaluate(probabilities, labels, classes, { unknownLabels: true });
  // Of so few images that no class has both labels there is no curve.
  if (evaluation.meanAuc === null) return [];
  const { svg } = await renderFigure('roc', 'ROC curves of the validation', rocSpec(evaluation));
  return [{ run: 'validation', tag: 'roc', ...(await figurePng(svg)) }];
}

interface ExplainedCase {
  finding: string;
  one: Case;
}

/** The most frequent findings of the validation, each with the first image that has it and was not taken. */
function chooseExplained(source: PictureSource, { labels, classes }: ValidationInfo): ExplainedCase[] {
  const { frame, images, constant } = source;
  const rows = labels.length / classes.length;
  const rowsOf = classes.map((_, c) =>
    Array.from({ length: rows }, (_v, row) => row).filter(
      (row) => labels[row * classes.length + c] === 1 && !constant.has(frame.images[row]),
    ),
  );
  const byCount = classes.map((_, c) => c).sort((a, b) => rowsOf[b].length - rowsOf[a].length || a - b);
  const taken = new Set<string>();
  const found: ExplainedCase[] = [];
  for (const c of byCount) {
    const row = rowsOf[c].find((r) => !taken.has(frame.images[r]));
    if (row === undefined || found.length === EXPLAINED) continue;
    taken.add(frame.images[row]);
    const name = `validation image ${row + 1}`;
    const others = classes.filter((_, k) => k !== c && labels[row * classes.length + k] === 1).length;
    // More would not fit under the picture.
    const own = others > 0 ? [classes[c], `${others} more`] : [classes[c]];
    found.push({
      finding: classes[c],
      one: { path: imagePath(images, frame.images[row]), name, labels: own, boxes: [] },
    });
  }
  return found;
}

async function camPictures(
  { out, signal }: WorkContext,
  { model, pool, frame, preparation: { size, interpolation } }: PictureSource,
  cases: readonly ExplainedCase[],
): Promise<TaggedPicture[]> {
  const pictures: TaggedPicture[] = [];
  for (const { finding, one } of cases) {
    const rows = await explain({ out: SILENT, signal }, pool, model, [one], {
      size,
      interpolation,
      score: 'sigmoid',
      classes: [finding],
      outputs: { labels: frame.classes, thresholds: null },
      onFailure: (name, error) => out.warn(`TensorBoard has no Grad-CAM of ${name}: ${error.message}`),
    });
    for (const row of rows) {
      const svg = gradcamGridSvg([row], [await rowPictures(row)]);
      pictures.push({ run: 'validation', tag: `gradcam/${finding}`, ...(await figurePng(svg)) });
    }
  }
  return pictures;
}
