/**
 * A checkpoint as one file: weights as Keras' `save_weights` keeps them, so that all that reads such files reads this
 * one, and behind the end of the HDF5 file, where HDF5 looks at nothing, what else a training goes on from.
 *
 *     HDF5 | state (core/packState.ts) | SHA-256 of all before | length of the state, 64 bits | 'chexgpu resume 1'
 */

import { requireFields, requireObject } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import { packState, unpackState } from '../../core/packState.js';
import type { StateValue } from '../../core/stateValue.js';
import { requireWork, type WorkOptions } from '../../core/work.js';
import type { Checkpoint } from '../../training/checkpoint.js';
import type { DenseNetConfig } from '../architecture.js';
import { readKerasHdf5, writeKerasHdf5 } from '../weights/keras/kerasLazy.js';
import { requireBytes } from '../weights/weightArguments.js';
import type { WeightsMeaning } from '../weights/weightsMeaning.js';

/** Everything that a training goes on from. */
export interface StoredCheckpoint {
  checkpoint: Checkpoint;
  config: DenseNetConfig;
  /** What the caller wants to find again. */
  about: StateValue;
}

const MAGIC = new TextEncoder().encode('chexgpu resume 1');
const SUM_BYTES = 32;
const TRAILER = SUM_BYTES + 8 + MAGIC.length;

const ANOTHER = 'Go on from another one, or begin anew.';

/**
 * The bytes of a checkpoint; equal ones for equal trainings.
 * @param meaning what the weights mean to whoever predicts with the file
 * @throws WeightsError for tensors that are not the network's; UsageError for what is no checkpoint, and for a host
 *   without WebAssembly; the signal's reason
 */
export async function writeCheckpointBytes(
  stored: StoredCheckpoint,
  meaning: Partial<WeightsMeaning> = {},
  work: WorkOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress } = requireWork(work);
  requireFields('The checkpoint', stored, ['checkpoint', 'config', 'about']);
  const { checkpoint, config, about } = stored;
  requireFields('The checkpoint: checkpoint', checkpoint, ['training', 'weights', 'optimizer']);
  const { training, weights, optimizer } = checkpoint;
  requireObject('The checkpoint: optimizer', optimizer);
  requireObject('The checkpoint: optimizer.slots', optimizer.slots);
  const slots = Object.fromEntries(
    Object.entries(optimizer.slots).map(([slot, values]) => [slot, Object.fromEntries(values)]),
  );
  const state = packState({
    about,
    config,
    training,
    optimizer: { ...optimizer, slots },
  } as unknown as StateValue);
  const hdf5 = await writeKerasHdf5(weights, config, { meaning, signal, onProgress });
  const end = hdf5.length + state.length;
  const bytes = new Uint8Array(end + TRAILER);
  bytes.set(hdf5);
  bytes.set(state, hdf5.length);
  bytes.set(await sumOf(bytes.subarray(0, end)), end);
  new DataView(bytes.buffer).setBigUint64(end + SUM_BYTES, BigInt(state.length), true);
  bytes.set(MAGIC, end + SUM_BYTES + 8);
  return bytes;
}

/** Whether bytes end as a checkpoint does. @throws UsageError unless it is a Uint8Array */
export function isCheckpoint(bytes: Uint8Array): boolean {
  requireBytes(bytes);
  const from = bytes.length - MAGIC.length;
  return bytes.length > TRAILER && MAGIC.every((byte, i) => bytes[from + i] === byte);
}

/**
 * @param name what errors call it
 * @throws WeightsError for bytes that are no checkpoint, cut short, or changed in a single bit; there is never half a
 *   result; the signal's reason
 */
export async function readCheckpointBytes(
  bytes: Uint8Array,
  name = 'The checkpoint',
  work: WorkOptions = {},
): Promise<StoredCheckpoint> {
  const { signal, onProgress } = requireWork(work);
  if (!isCheckpoint(bytes)) {
    throw new WeightsError(`${name} is no checkpoint to go on from, or is cut short.`, ANOTHER);
  }
  const end = bytes.length - TRAILER;
  const sum = await sumOf(bytes.subarray(0, end));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(end + SUM_BYTES, true));
  if (sum.some((byte, i) => bytes[end + i] !== byte) || length > end) {
    throw new WeightsError(`${name} is damaged: its bytes are not those that were written.`, ANOTHER);
  }
  const state = unpackState(bytes.subarray(end - length, end), name) as unknown as State;
  const { about, config, training, optimizer } = state;
  const { tensors } = await readKerasHdf5(bytes.subarray(0, end - length), config, name, {
    signal,
    onProgress,
  });
  const slots = Object.fromEntries(
    Object.entries(optimizer.slots).map(([slot, values]) => [slot, new Map(Object.entries(values))]),
  );
  const checkpoint = { training, weights: tensors, optimizer: { ...optimizer, slots } };
  return { about, config, checkpoint };
}

/** As it is packed: maps are objects. */
interface State extends Omit<StoredCheckpoint, 'checkpoint'> {
  training: Checkpoint['training'];
  optimizer: Omit<Checkpoint['optimizer'], 'slots'> & { slots: Record<string, Record<string, Float32Array>> };
}

async function sumOf(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
