/** What every reader and writer of weight files asks of its arguments. */
import { kindOf, requireFields, requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { checkWork, tell, WORK, type WorkOptions } from '../../core/work.js';
import { requireWeightMap, type WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import { checkedConfig } from '../config.js';

/** @throws UsageError unless it is a Uint8Array */
export function requireBytes(bytes: Uint8Array): void {
  const kind = kindOf(bytes);
  if (kind === 'Uint8Array') {
    requireMemory(bytes.buffer);
    return;
  }
  throw new UsageError(
    `The bytes of the weight file are ${shown(bytes)}, they must be a Uint8Array.`,
    kind === 'ArrayBuffer' ? 'Give new Uint8Array(buffer).' : undefined,
  );
}

/** @throws UsageError where it was transferred, to a worker for example */
export function requireMemory(buffer: ArrayBufferLike): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw new UsageError('The bytes were transferred.');
  }
}

/** The options of reading weights. */
export const READING: readonly string[] = [
  ...['activation', 'bnEpsilon', 'head', 'recognise', 'optimizer', 'backend', 'modelConfig'],
  ...WORK,
];

/** What weights mean, and how they are written. */
const WRITING = ['labels', 'preprocessing', 'thresholds', 'notice', 'head', 'half', 'optimizer', ...WORK];

/** @throws UsageError for bytes that are none, and for a configuration or options that make no sense */
export function checkReading(bytes: Uint8Array, config: DenseNetConfig, options: object): void {
  requireBytes(bytes);
  checkedConfig(config);
  requireFields('The options of reading weights', options, READING);
  checkWork(options);
}

/** @throws WeightsError for tensors that are no Map; UsageError for a configuration or options that make no sense */
export function checkWriting(
  tensors: WeightMap,
  config: DenseNetConfig,
  options: object,
  known: readonly string[] = WRITING,
): void {
  requireWeightMap(tensors);
  checkedConfig(config);
  requireObject('The options of writing weights', options);
  // What was read is written on as it is, with all that stands beside it.
  if (!('report' in options)) requireFields('The options of writing weights', options, known);
  checkWork(options);
}

/**
 * What writes a file in one go, told of before and behind: `total` tensors.
 * @throws the signal's reason
 */
export async function written(
  work: WorkOptions,
  tensors: WeightMap,
  write: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const tellDone = (done: number) =>
    tell(work, { phase: 'write', done, total: tensors.size, unit: 'tensors' });
  await tellDone(0);
  const bytes = await write();
  await tellDone(tensors.size);
  return bytes;
}
