/** Operating points that lie beside a weight file, as `chexgpu evaluate --operating-points` writes them. */
import type { Loaded } from './types.js';

export class StoredPoints {
  constructor(
    private readonly from: string,
    private readonly size: number,
    private readonly byLabel: ReadonlyMap<
      string,
      { threshold: number; sensitivity: number; specificity: number }
    >,
  ) {}

  /** One for each label; null where one has none. */
  forLabels(labels: readonly string[]): Loaded['points'] {
    const of = labels.flatMap((label) => this.byLabel.get(label) ?? []);
    return of.length === labels.length ? { from: this.from, size: this.size, of } : null;
  }
}

/** The points beside the weights at an address: `x.h5` has `x.points.json`. Null where there are none. */
export async function pointsBeside(address: string): Promise<StoredPoints | null> {
  const beside = address.replace(/\.[a-z0-9]+$/i, '.points.json');
  const response = await fetch(beside).catch(() => null);
  if (!response?.ok) return null;
  const { from, size, points } = (await response.json()) as {
    from: string;
    size: number;
    points: { label: string; threshold: number; sensitivity: number; specificity: number }[];
  };
  return new StoredPoints(from, size, new Map(points.map(({ label, ...point }) => [label, point])));
}
