/** What others make of labels: Keras' smoothing, effective numbers, NumPy's weighted draws; test/golden/labels. */
import { readFileSync } from 'node:fs';

interface LossAndGradient {
  loss: number;
  dz: number[][];
}

interface LabelsGolden {
  smoothing: {
    positive: number[];
    negative: number[];
    losses: ({ smoothing: number } & Record<'bce' | 'bceMasked' | 'weighted', LossAndGradient>)[];
  };
  effective: { beta: number; positives: number; negatives: number; weights: [number, number] }[];
  sampler: { labels: number[][]; weights: number[]; seed: number; draws: number[]; next: number };
}

export const labelsGolden: LabelsGolden = JSON.parse(
  readFileSync(new URL('../../golden/labels/labels.json', import.meta.url), 'utf8'),
);
