/** Operating points that lie beside a weight file. */
import type { OperatingPointsFile } from 'chexgpu';
import type { Loaded } from '../types.js';

/** The points beside the weights at an address, `x.points.json` of `x.h5`; null where there are none. */
export async function pointsBeside(address: string): Promise<OperatingPointsFile | null> {
  const response = await fetch(address.replace(/\.[a-z0-9]+$/i, '.points.json')).catch(() => null);
  return response?.ok ? ((await response.json()) as OperatingPointsFile) : null;
}

/** In the order of the outputs; null where an output has no point. They hold at the size that was trained at. */
export function pointsFor(
  file: OperatingPointsFile | null,
  labels: readonly string[],
  size: number,
): Loaded['points'] {
  if (file?.format !== 'chexgpu operating points') return null;
  const byLabel = new Map(file.points.map((point) => [point.label, point]));
  const of = labels.flatMap((label) => byLabel.get(label) ?? []);
  return of.length === labels.length
    ? { from: `${file.rule} on ${file.images} ${file.from}`, size, of }
    : null;
}
