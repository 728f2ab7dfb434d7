/** The pointing game of `chexgpu gradcam --data`: over the rows of a CSV whose findings have boxes. */
import { join } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { checkFile, textKind, writeChecked } from '../../core/outputs/singleFile.node.js';
import { createModel } from '../../workflow/createModel.js';
import { roomFor } from '../../workflow/memoryCheck.node.js';
import { sayClassifier } from '../../workflow/prediction/classifier.node.js';
import { type RowsSource, readRows, rowsFor } from '../../workflow/prediction/rows.node.js';
import { casesOf, chooseScore, explanationOf, readBoxes } from '../../workflow/results/explain.node.js';
import { playPointing, pointingCsv, sayPointing } from '../../workflow/results/pointing.node.js';
import type { ScoreFlag } from '../flags/sharedFlags.js';
import { Problems } from '../terminal/lateFailures.js';
import type { CommandContext } from './commandContext.js';
import { withSession } from './gpuSession.js';
import { type InferenceFlags, readClassifierAhead } from './inference.js';
import { inputsOf, namedHistory } from './namedInputs.js';
import type { Ahead } from './openAhead.js';

export interface PointingFlags extends InferenceFlags, Partial<ScoreFlag>, RowsSource {
  /** Of image files only. */
  classes?: string[];
  boxes?: string;
  out: string;
  overwrite: boolean;
}

const POINTING = textKind('table of a pointing game', /^Image,Label,probability,x,y,in_box,chance/);

/** Plays, prints the table of the findings and writes one row per map to `out`/pointing.csv. */
export async function pointing(context: CommandContext, flags: PointingFlags, ahead: Ahead): Promise<number> {
  const { out } = context;
  const { data, csv, overwrite } = flags;
  if (data === undefined && csv === undefined) {
    throw new UsageError(
      'There is nothing to explain.',
      'Give image files; or --data DIR, to see whether the maps point at known boxes.',
    );
  }
  if (flags.classes) {
    throw new UsageError(
      '--classes is for image files: of a CSV every finding is looked at that has a box.',
      'Leave it out.',
    );
  }
  const file = join(flags.out, 'pointing.csv');
  const boxesFile = flags.boxes ?? (data && join(data, 'boxes.csv'));
  if (boxesFile === undefined) {
    throw new UsageError(
      'There are no boxes to point at.',
      'Give their CSV (Image,Label,x,y,w,h) with --boxes.',
    );
  }
  const inputs = await inputsOf([csv, boxesFile, namedHistory(flags)], [], flags.weights);
  await checkFile(file, { inputs, overwrite, kind: POINTING });
  const given = await readRows(flags, []);
  const images = given.images ?? '';
  const boxes = await readBoxes({ boxes: boxesFile, images });
  if (boxes.size === 0) {
    throw new UsageError(
      `${boxesFile} is not there, or empty.`,
      'Give a CSV of boxes (Image,Label,x,y,w,h) with --boxes.',
    );
  }
  const classifier = await readClassifierAhead(context, flags, ahead, 1);
  const { config, outputs, preparation } = classifier;
  const { size, pixels } = preparation;
  const cases = casesOf(rowsFor(given, outputs, []).frame, images, boxes);
  if (!cases.some((one) => one.boxes.length > 0)) {
    throw new UsageError(
      `${boxesFile} has no box of an image of ${given.table?.file ?? 'the CSV'}.`,
      'Give a CSV of boxes (Image,Label,x,y,w,h) with --boxes.',
    );
  }
  const score = chooseScore(config, flags.score);
  const admit = roomFor(config, 'predict', { count: 1, height: size, width: size });
  const problems = new Problems(context);
  const game = await withSession(context, { ...flags, pixels, admit, node: ahead.node }, async (session) => {
    sayClassifier(context, classifier);
    const model = await createModel(context, session.node.gpu, classifier);
    return playPointing(context, session.pool, model, cases, {
      ...explanationOf(classifier),
      score,
      onFailure: (name, error) => problems.add(name, error),
    });
  });
  sayPointing(context, game.result);
  const written = await writeChecked(file, pointingCsv(game.maps), overwrite);
  out.say(`Wrote ${written}`);
  const { notice } = classifier;
  out.document({ command: 'gradcam', out: written, size, notice, score, ...game, problems: problems.list });
  return problems.exitCode;
}
