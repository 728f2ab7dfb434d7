/** The growth of time and memory: points, and the power law through them, on logarithmic axes. */
import type { TopLevelSpec } from 'vega-lite';
import { COLOURS } from '../../src/eval/report/theme.js';
import type { PowerFit } from '../model/growthFit.js';
import { extent, type ScalingReport, type ScalingSeries } from '../model/scaling.js';
import { spec } from './specs.js';

const KINDS = ['predict', 'train'];
const RANGE = [COLOURS.accent, COLOURS.contrast];

interface Row {
  kind: string;
  /** Batch, or side in pixels. */
  at: number;
  value: number;
}

/** Side or batch at which the fits see this much. */
const axisValue = (along: ScalingSeries['along'], x: number) => (along === 'batch' ? x : Math.sqrt(x));

function fitted(along: ScalingSeries['along'], points: readonly Row[], fit: PowerFit | null): Row[] {
  if (!fit || points.length < 2) return [];
  return [points[0], points[points.length - 1]].map(({ kind, at }) => {
    const x = extent(along, { batch: at, size: at });
    return { kind, at: axisValue(along, x), value: fit.factor * x ** fit.exponent };
  });
}

/** One panel: a measure along the batch or the size. */
function panel(series: readonly ScalingSeries[], along: ScalingSeries['along'], measure: 'time' | 'memory') {
  const points: Row[] = [];
  const lines: Row[] = [];
  for (const { kind, points: measured, [measure]: fit } of series.filter((s) => s.along === along)) {
    const mine = measured.flatMap(({ batch, size, timing, planBytes }): Row[] => {
      const value = measure === 'time' ? timing?.ms : planBytes === null ? null : planBytes / 1e6;
      return value ? [{ kind, at: along === 'batch' ? batch : size, value }] : [];
    });
    points.push(...mine);
    lines.push(
      ...fitted(along, mine, fit.power).map((row) => ({
        ...row,
        value: row.value / (measure === 'memory' ? 1e6 : 1),
      })),
    );
  }
  const at = [...new Set(points.map((p) => p.at))].sort((a, b) => a - b);
  const x = {
    field: 'at',
    type: 'quantitative',
    scale: {
      type: 'log',
      nice: false,
      ...(at.length > 1 && { domain: [at[0] / 1.15, at[at.length - 1] * 1.15] }),
    },
    axis: {
      title: along === 'batch' ? 'images in a batch' : 'side of the images, px',
      values: at,
      format: 'd',
      grid: true,
      labelOverlap: true,
    },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    scale: { type: 'log' },
    axis: {
      title: measure === 'time' ? 'milliseconds per call' : 'megabytes of the plan',
      format: '~s',
      tickCount: 5,
    },
  };
  const color = {
    field: 'kind',
    scale: { domain: KINDS, range: RANGE },
    legend: { title: null, orient: 'top', symbolType: 'circle' },
  };
  return {
    width: 255,
    height: 210,
    layer: [
      {
        data: { values: lines },
        mark: { type: 'line', strokeDash: [4, 3], strokeWidth: 1.3 },
        encoding: { x, y, color },
      },
      {
        data: { values: points },
        mark: { type: 'point', filled: true, size: 55 },
        encoding: { x, y, color },
      },
    ],
  };
}

/** Time and memory, along batch and size. */
export function scalingSpec({ series }: ScalingReport): TopLevelSpec {
  return spec({
    vconcat: (['time', 'memory'] as const).map((measure) => ({
      hconcat: (['batch', 'size'] as const).map((along) => panel(series, along, measure)),
      spacing: 34,
    })),
    spacing: 26,
  });
}
