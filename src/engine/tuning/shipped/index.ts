/**
 * Tables that come with the library, for adapters that are the same everywhere: the software ones. They are used
 * unless the user's own cache knows better, so that these adapters need no measuring.
 *
 * `chexgpu train --retune --write-table FILE` (predict, run, gradcam likewise) makes one: it adds what it measured
 * to FILE, so a table is made of several commands with different sizes. Keys may then be shortened with `*`.
 */
import type { GpuInfo } from '../../device/gpuInfo.js';
import { type ShippedTable, shippedFor, type TuningEntry, type TuningTable } from '../tuningTable.js';
import lavapipe from './lavapipe.json';
import swiftshader from './swiftshader.json';

const entriesOf = (file: { entries: unknown[] }) => file.entries as TuningEntry[];

export const SHIPPED: readonly ShippedTable[] = [
  { adapter: /swiftshader/i, subgroups: 4, entries: entriesOf(swiftshader) },
  { adapter: /llvmpipe|lavapipe/i, subgroups: 8, entries: entriesOf(lavapipe) },
];

/** The table for an adapter, as a copy to build on; null where none is shipped. */
export function shippedTuning(info: GpuInfo): TuningTable | null {
  return shippedFor(SHIPPED, info);
}
