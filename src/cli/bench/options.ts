/** Flags that the benches share, and the size of the work where they say nothing. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PlanKind, Workload } from '../../../bench/model/workload.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import type { DenseNetName } from '../../densenet/architecture.js';
import type { GpuInfo } from '../../engine/device/gpuInfo.js';
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

/** What is measured on an adapter unless flags say otherwise: software takes minutes for what a GPU does at once. */
const USUAL: Record<GpuInfo['kind'], Record<PlanKind, Omit<Workload, 'kind'>>> = {
  software: { predict: { batch: 1, size: 224 }, train: { batch: 4, size: 64 } },
  hardware: { predict: { batch: 32, size: 320 }, train: { batch: 32, size: 320 } },
};

export function workloadOf(
  kind: PlanKind,
  { size, batch }: Pick<WorkFlags, 'size' | 'batch'>,
  adapter: GpuInfo['kind'],
): Workload {
  const usual = USUAL[adapter][kind];
  return { kind, batch: batch ?? usual.batch, size: size ?? usual.size };
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
