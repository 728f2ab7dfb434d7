/** Essays 5 and 6: curves of formulas. */
import { line, svg, text } from './svg.js';

type Point = readonly [number, number];

/** Axes 0..1 by 0..1 with ticks and names, and curves in them. */
function chart(
  title: string,
  { x, y }: Readonly<Record<'x' | 'y', { name: string; ticks: readonly (readonly [number, string])[] }>>,
  curves: readonly { points: readonly Point[]; kind: string; words: string; at: Point }[],
): string {
  const px = (value: number) => 70 + value * 420;
  const py = (value: number) => 280 - value * 240;
  return svg(680, 330, title, [
    ...x.ticks.flatMap(([value, words]) => [
      line(
        [
          [px(value), 40],
          [px(value), 280],
        ],
        'thin',
      ),
      text(px(value), 298, words, 'middle small'),
    ]),
    ...y.ticks.flatMap(([value, words]) => [
      line(
        [
          [70, py(value)],
          [490, py(value)],
        ],
        'thin',
      ),
      text(62, py(value) + 4, words, 'end small'),
    ]),
    text(280, 320, x.name, 'middle'),
    text(20, 26, y.name),
    ...curves.flatMap(({ points, kind, words, at: [cx, cy] }) => [
      line(
        points.map(([a, b]) => [px(a), py(b)] as const),
        `curve ${kind}`,
      ),
      text(px(cx), py(cy), words, `small ${kind}`),
    ]),
  ]);
}

const steps = (count: number) => Array.from({ length: count + 1 }, (_, i) => i / count);

/** Factors of the moving variance against n, n from 4 to 400 on a logarithmic axis. */
export function factorsPicture(): string {
  const epsilon = 1.001e-5;
  const n = (t: number) => 4 * 100 ** t;
  const height = (factor: number) => (factor - 0.9) / 0.9;
  const rules = [
    ['sb', 'Keras 2.3, TensorFlow 1', (m: number) => (m / (m - 1)) * (m / (m - 1 - epsilon)), [0.12, 0.66]],
    ['sa', 'tf.keras fused, PyTorch; Keras 2.3, TensorFlow 2', (m: number) => m / (m - 1), [0.45, 0.23]],
    ['sc', 'Keras 3; tf.keras not fused', () => 1, [0.02, 0.05]],
  ] as const;
  const ticks = [4, 16, 64, 392].map((m) => [Math.log(m / 4) / Math.log(100), String(m)] as const);
  return chart(
    'Factor on the biased variance against the number of values',
    {
      x: { name: 'n, values per channel in the batch', ticks },
      y: { name: 'factor', ticks: [1, 1.2, 1.4, 1.6, 1.8].map((f) => [height(f), f.toFixed(1)]) },
    },
    rules.map(([kind, words, factor, at]) => ({
      kind,
      words,
      at,
      points: steps(60).map((t) => [t, height(factor(n(t)))] as const),
    })),
  );
}

/** What a well-trained network shows against the true share. */
export function halfPicture(): string {
  const shown = (q: number, f: number) => ((1 - f) * q) / ((1 - f) * q + f * (1 - q));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((value) => [value, String(value)] as const);
  const frequencies = [
    [0.002, 'sd', [0.06, 1.03]],
    [0.02, 'sb', [0.13, 0.8]],
    [0.128, 'sa', [0.21, 0.58]],
    [0.5, 'sc', [0.46, 0.4]],
  ] as const;
  return chart(
    'Probability shown against true share, by frequency of the finding',
    { x: { name: 'q, true share of such X-rays with the finding', ticks }, y: { name: 'p shown', ticks } },
    frequencies.map(([f, kind, at]) => ({
      kind,
      at,
      words: `f = ${f}`,
      points: steps(100).map((q) => [q, shown(q, f)] as const),
    })),
  );
}
