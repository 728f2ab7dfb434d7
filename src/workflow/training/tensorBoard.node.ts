/** The files that a training leaves for TensorBoard: what is in them, and where they lie. */
import { dirname, join, resolve } from 'node:path';
import { duration, percent, plural } from '../../core/formatting.js';
import { type Inputs, refuseInputs } from '../../core/outputs/protectInputs.node.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import { TensorBoard } from '../../training/callbacks/tensorBoard.js';
import { EventFolder } from '../../training/tensorboard/eventFolder.node.js';
import type { Hyperparameters } from '../../training/tensorboard/summaries.js';
import type { Phases } from '../phaseTimes.js';
import type { WorkContext } from '../reporter.js';
import { type PictureSource, trainingPictures } from './trainingPictures.node.js';

/** What TensorBoard is to show, each after every so many steps or epochs; 0: not at all. */
export interface TensorBoardChoice {
  /** Its folder; null: a folder of this name in the run's. */
  folder: string | null;
  stepEvery: number;
  histogramEvery: number;
  pictureEvery: number;
}

/** The choice, and where it goes. */
export interface TensorBoardJob {
  choice: TensorBoardChoice;
  events: EventFolder;
  /** The command line, without the places that it names. */
  command: string;
}

const FOLDER = 'tensorboard';

/** Where the files go, and of what training. */
export interface EventPlace {
  /** The run's folder. */
  run: { target: string; addGrowing: (path: string) => Promise<void> };
  inputs: Inputs;
  /** Where a relative folder is seen from. Default: here. */
  cwd?: string;
  /** It goes on: its earlier files are there. Default: false. */
  goesOn?: boolean;
}

/**
 * @param command the command line, without the places that it names
 * @throws UsageError for a folder that the command reads, or that has another training's event files
 */
export async function tensorBoardJob(
  choice: TensorBoardChoice,
  { run, inputs, cwd = '', goesOn = false }: EventPlace,
  command: string,
): Promise<TensorBoardJob> {
  const { folder } = choice;
  if (folder === null) {
    const onFile = (path: string) => run.addGrowing(`${FOLDER}/${path}`);
    // Beside those of its beginning; or of an earlier run that --overwrite replaces, which go with its result.
    const events = await EventFolder.open(join(run.target, FOLDER), { beside: true, onFile });
    return { choice, events, command };
  }
  const target = resolve(cwd, folder);
  await refuseInputs(target, inputs, false);
  return { choice, events: await EventFolder.open(target, { beside: goesOn }), command };
}

/** The callback of a job, and what it shows in words. */
export interface Board {
  callback: TensorBoard;
  words: string;
}

/** What its disk refuses is said, and the training goes on without it. */
export function boardOf(
  context: WorkContext,
  { choice, events, command }: TensorBoardJob,
  hyperparameters: Hyperparameters,
  source: PictureSource | null,
): Board {
  const { stepEvery, histogramEvery, pictureEvery } = choice;
  // In its own folder TensorBoard finds no results to show beside hyperparameters; in the run's, and above, it does.
  const place = shownPath(choice.folder === null ? dirname(events.target) : events.target);
  context.out.say(`TensorBoard: tensorboard --logdir ${/\s/.test(place) ? `"${place}"` : place}`);
  const callback = new TensorBoard({
    sink: events,
    stepEvery,
    histogramEvery,
    pictureEvery,
    pictures: source ? trainingPictures(context, source) : undefined,
    hyperparameters,
    texts: { command: `    ${command}` },
    onFailure: ({ message }) =>
      context.out.warn(`${message} TensorBoard shows nothing of what comes; the training goes on.`),
  });
  const shown = [
    ['losses', stepEvery, 'step'],
    ['histograms', histogramEvery, 'epoch'],
    ['ROC curves and Grad-CAM on X-rays without names', source ? pictureEvery : 0, 'epoch'],
  ] as const;
  const words = shown
    .filter(([, every]) => every > 0)
    .map(([what, every, unit]) => `${what} every ${every === 1 ? unit : plural(every, unit)}`);
  return { callback, words: `event files for TensorBoard: ${['logs every epoch', ...words].join(', ')}` };
}

/** What it cost, beside the phases of the training that are over. */
export function sayBoard({ out }: WorkContext, { callback: { spent } }: Board, phases: Phases): void {
  const seconds = Object.values(spent).reduce((sum, ms) => sum + ms, 0) / 1000;
  const parted = phases.list.filter(({ phase }) => /^(training|validation)/.test(phase));
  const training = parted.reduce((sum, phase) => sum + phase.seconds, 0);
  phases.add('TensorBoard', seconds);
  const parts = Object.entries(spent).map(([what, ms]) => `${what} ${percent(ms / 1000 / training)}`);
  out.say(
    `TensorBoard took ${duration(seconds)} beside ${duration(training)} of training: ${parts.join(', ')}`,
  );
}
