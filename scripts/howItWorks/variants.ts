/** Essay 3: speeds of the convolution's kernels, as recorded. */
import { readFileSync } from 'node:fs';
import { rect, svg, text } from './svg.js';

interface Recorded {
  adapter: { name: string };
  peaks: { gflops: number };
  kernels: { rows: { op: string; shape: string; variant: string; gflops: number }[] };
}

const SHAPE = '[4,16,16,128] 3x3 -> 32';
const VARIANTS = ['naive', 'tiledScalar', 'tiled', 'workgroup', 'subgroupScalar', 'subgroup'];
const ADAPTERS = [
  ['lavapipe-25.0.7', 'lavapipe', 'a'],
  ['swiftshader', 'SwiftShader', 'b'],
] as const;
const SCALE = 30;

export function variantsPicture(): string {
  const parts: string[] = [text(20, 24, `GFLOP/s, ${SHAPE}, two CPU cores, 2026-11-24`, 'bold')];
  const files = ADAPTERS.map(([file, title, kind]) => {
    const path = `bench/results/${file}-kernels-2026-11-24.json`;
    return { title, kind, recorded: JSON.parse(readFileSync(path, 'utf8')) as Recorded };
  });
  VARIANTS.forEach((variant, i) => {
    const y = 44 + i * 42;
    parts.push(text(125, y + 20, variant, 'end mono'));
    files.forEach(({ kind, recorded }, j) => {
      const timed = recorded.kernels.rows.filter((row) => row.op === 'conv.forward' && row.shape === SHAPE);
      const gflops = timed.find((row) => row.variant === variant)?.gflops ?? 0;
      parts.push(rect(135, y + j * 16, gflops * SCALE, 14, kind));
      parts.push(text(141 + gflops * SCALE, y + j * 16 + 11, gflops.toFixed(1), 'small'));
    });
  });
  const y = 44 + VARIANTS.length * 42;
  files.forEach(({ title, kind, recorded }, j) => {
    const peak = `${title}, peak measured ${recorded.peaks.gflops.toFixed(0)} GFLOP/s`;
    parts.push(rect(135 + j * 240, y, 14, 14, kind), text(155 + j * 240, y + 11, peak, 'small'));
  });
  return svg(620, y + 30, 'Speed of six kernels of the same convolution on two software adapters', parts);
}
