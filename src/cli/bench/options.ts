/** Flags that the benches share, and the size of the work where they say nothing. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { cellNumber } from '../../data/tables/csvCells.js';
import type { DenseNetName } from '../../densenet/architecture.js';
import { addTuningOptions, option, type TuningFlags, wholeNumber } from '../flags/sharedFlags.js';

export interface ResultFlags {
  out?: string;
  html?: string;
  compare?: string;
  overwrite: boolean;
}

export interface WorkFlags extends TuningFlags {
  size?: number;
  batch?: number;
  network: DenseNetName;
}

export function addResultOptions(command: Command): Command {
  return command
    .option(
      '--out <file>',
      'keep the result as JSON, for --compare; a folder with a / at its end: <adapter>-<date>.json there',
    )
    .option('--html <file>', 'write a page with figures, in one file')
    .addOption(option.overwrite('earlier results'))
    .option('--compare <file>', 'put the result beside an older one; flag what differs beyond the noise');
}

export function addWorkOptions(command: Command): Command {
  command
    .addOption(option.size('by the adapter'))
    .addOption(
      new Option('--batch <n>', 'images in a batch (default: by the adapter)').argParser(
        wholeNumber(1, 4096),
      ),
    )
    .addOption(option.network('densenet121').default('densenet121', 'densenet121'));
  return addTuningOptions(command);
}

/** Seconds, as milliseconds. */
export function seconds(text: string): number {
  const value = cellNumber(text.trim());
  if (value > 0 && value <= 86_400) return value * 1000;
  throw new InvalidArgumentError('Give a number of seconds, above 0.');
}
