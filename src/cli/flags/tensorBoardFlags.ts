/** The flags of TensorBoard's files. */
import { type Command, Option } from 'commander';
import { wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { TensorBoardChoice } from '../../workflow/training/tensorBoard.node.js';
import { flagOf, numberIn, parser } from './flagText.js';

export interface TensorBoardFlags {
  /** True where no folder is named. */
  tensorboard?: string | true;
  tensorboardSteps?: number;
  tensorboardHistograms?: number;
  tensorboardImages?: number;
}

/** How often each is written, by the flag's field. */
const EVERY = {
  tensorboardSteps: 'loss and learning rate of every n-th step; 0: of epochs alone (default: 1)',
  tensorboardHistograms: 'histograms of weights and gradients every n epochs; 0: none (default: 1)',
  tensorboardImages: 'ROC curves and Grad-CAM of validation images every n epochs; 0: none (default: 1)',
} as const;
const FIELDS = Object.keys(EVERY) as (keyof typeof EVERY)[];

export function addTensorBoardOptions(command: Command): Command {
  command.option(
    '--tensorboard [dir]',
    "write event files for TensorBoard (default: tensorboard in the run's folder)",
  );
  for (const field of FIELDS) {
    const flag = flagOf(field);
    const parse = (text: string) => wholeNumber(flag, numberIn(text), 0, 1_000_000);
    command.addOption(new Option(`${flag} <n>`, EVERY[field]).argParser(parser(parse)));
  }
  return command;
}

/** What the flags ask for. @throws UsageError for one of them without --tensorboard */
export function tensorBoardOf(flags: TensorBoardFlags): TensorBoardChoice | undefined {
  const { tensorboard, tensorboardSteps = 1, tensorboardHistograms = 1, tensorboardImages = 1 } = flags;
  if (tensorboard === undefined) {
    const given = FIELDS.find((field) => flags[field] !== undefined);
    if (given === undefined) return undefined;
    throw new UsageError(`${flagOf(given)} is a setting of --tensorboard.`, 'Give --tensorboard, too.');
  }
  if (tensorboard === '') throw new UsageError('--tensorboard names no folder.', 'Give its path, or none.');
  return {
    folder: tensorboard === true ? null : tensorboard,
    stepEvery: tensorboardSteps,
    histogramEvery: tensorboardHistograms,
    pictureEvery: tensorboardImages,
  };
}
