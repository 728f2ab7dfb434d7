/** The report's figures as Vega-Lite specifications: data in, picture described, nothing drawn yet. */

import type { TopLevelSpec } from 'vega-lite';
import { milliseconds, percent } from '../../core/formatting.js';
import type { EvaluationResult } from '../scores/evaluate.js';
import type { FrequencySummary, PhaseTiming, TrainingSummary } from './reportData.js';
import { COLOURS, classStyle, VEGA_CONFIG } from './theme.js';

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';
const ROW = 24;

type Row = Record<string, string | number | boolean>;

function spec(body: object): TopLevelSpec {
  return { $schema: SCHEMA, config: VEGA_CONFIG, ...body } as TopLevelSpec;
}

/** A category axis that keeps the order it is given. */
function category(field: string, order: readonly string[], extra: object = {}) {
  return { field, type: 'nominal', sort: [...order], axis: { title: null, ...extra } };
}

/** Bars: the share of images that carry each finding. */
export function frequencySpec(f: FrequencySummary): TopLevelSpec {
  const values: Row[] = f.labels.map((label, c) => ({
    label,
    frequency: f.positive[c],
    text: `${f.counts[c]} (${percent(f.positive[c], 1)})`,
  }));
  return spec({
    data: { values },
    width: 520,
    height: ROW * f.labels.length,
    encoding: {
      y: category('label', f.labels),
      x: {
        field: 'frequency',
        type: 'quantitative',
        axis: { title: 'share of images with the finding', format: '.0%', tickCount: 6, grid: false },
        scale: { domainMin: 0, nice: true },
      },
    },
    layer: [
      { mark: { type: 'bar', color: COLOURS.accent, height: { band: 0.66 } } },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: COLOURS.muted, fontSize: 11.5 },
        encoding: { text: { field: 'text' } },
      },
    ],
  });
}

const SIDES = ['positive', 'negative'];

/** Grouped bars: how much each class's positives and negatives add to the loss, before and after weights. */
export function contributionSpec(f: FrequencySummary): TopLevelSpec {
  const rows = (weighted: boolean): Row[] =>
    f.labels.flatMap((label, c) => [
      { label, side: SIDES[0], value: f.positive[c] * (weighted ? f.positiveWeights[c] : 1) },
      { label, side: SIDES[1], value: f.negative[c] * (weighted ? f.negativeWeights[c] : 1) },
    ]);
  const panel = (title: string, values: Row[], labelled: boolean, axisTitle: string) => ({
    title,
    data: { values },
    width: 285,
    height: (ROW + 2) * f.labels.length,
    mark: { type: 'bar', height: { band: 0.92 } },
    encoding: {
      y: {
        ...category('label', f.labels, labelled ? {} : { labels: false }),
        scale: { paddingInner: 0.28, paddingOuter: 0.14 },
      },
      yOffset: { field: 'side', sort: SIDES },
      x: { field: 'value', type: 'quantitative', axis: { title: axisTitle, tickCount: 5 } },
      color: {
        field: 'side',
        sort: SIDES,
        scale: { domain: SIDES, range: [COLOURS.accent, COLOURS.contrast] },
        legend: { title: null, orient: 'right', symbolType: 'square', offset: 18 },
      },
    },
  });
  return spec({
    hconcat: [
      panel('Before weighting', rows(false), true, 'frequency'),
      panel('After weighting', rows(true), false, 'frequency × weight'),
    ],
    spacing: 28,
  });
}

/** The loss of every step, the mean of every epoch and the validation loss at the end of it. */
export function lossSpec(training: TrainingSummary): TopLevelSpec {
  const steps: Row[] = training.stepLosses.flatMap((loss, i) =>
    Number.isFinite(loss) ? [{ step: i + 1, loss, series: 'training step' }] : [],
  );
  const means: Row[] = [];
  const validation: Row[] = [];
  const boundaries: Row[] = [];
  let end = 0;
  for (const epoch of training.epochs) {
    const start = end;
    end += epoch.steps;
    means.push({ start: start + 0.5, end: end + 0.5, loss: epoch.loss, series: 'epoch mean' });
    if (epoch.valLoss !== null)
      validation.push({ step: end + 0.5, loss: epoch.valLoss, series: 'validation' });
    if (start > 0) boundaries.push({ step: start + 0.5 });
  }
  const series = ['training step', 'epoch mean', ...(validation.length ? ['validation'] : [])];
  const colour = {
    field: 'series',
    scale: {
      domain: series,
      range: [COLOURS.faint, COLOURS.accent, COLOURS.contrast].slice(0, series.length),
    },
    legend: { title: null, orient: 'top', symbolType: 'stroke', symbolStrokeWidth: 3, offset: 8 },
  };
  const x = {
    field: 'step',
    type: 'quantitative',
    axis: { title: 'training step', grid: false, format: 'd', tickMinStep: 1 },
    scale: { domain: [0.5, Math.max(end, steps.length, 1) + 0.5], nice: false },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    axis: { title: training.loss.title, tickCount: 6 },
    scale: { zero: false, nice: true },
  };
  return spec({
    width: 700,
    height: 280,
    layer: [
      {
        data: { values: boundaries },
        mark: { type: 'rule', color: COLOURS.rule, strokeDash: [3, 3] },
        encoding: { x },
      },
      {
        data: { values: steps },
        mark: { type: 'line', strokeWidth: 1.4, point: steps.length <= 40 ? { size: 18 } : false },
        encoding: { x, y, color: colour },
      },
      {
        data: { values: means },
        mark: { type: 'rule', strokeWidth: 3 },
        encoding: { x: { ...x, field: 'start' }, x2: { field: 'end' }, y, color: colour },
      },
      {
        data: { values: validation },
        mark: { type: 'line', strokeWidth: 2, point: { size: 50, filled: true }, clip: false },
        encoding: { x, y, color: colour },
      },
    ],
  });
}

/** Epoch by epoch: the validation AUC, of the mean and faintly of each class, and the learning rate. */
export function epochsSpec({ epochs }: Pick<TrainingSummary, 'epochs'>): TopLevelSpec {
  const means: Row[] = epochs.flatMap(({ epoch, valAuc }) =>
    valAuc === null ? [] : [{ epoch, value: valAuc }],
  );
  const classes: Row[] = epochs.flatMap(({ epoch, valAucs }) =>
    Object.entries(valAucs).map(([name, value]) => ({ epoch, value, name })),
  );
  const rates: Row[] = epochs.flatMap(({ epoch, learningRate }) =>
    learningRate === null ? [] : [{ epoch, value: learningRate }],
  );
  const x = {
    field: 'epoch',
    type: 'quantitative',
    axis: { title: 'epoch', grid: false, format: 'd', tickMinStep: 1 },
    scale: { domain: [1, epochs.length], nice: false },
  };
  const y = (title: string, zero: boolean) => ({
    field: 'value',
    type: 'quantitative',
    axis: { title, tickCount: 5 },
    scale: { zero, nice: true },
  });
  const thick = (color: string) => ({
    type: 'line',
    strokeWidth: 2,
    color,
    point: { size: 30, filled: true, color },
  });
  const auc = y('validation AUC', false);
  const panels = [
    {
      width: 285,
      height: 200,
      layer: [
        {
          data: { values: classes },
          mark: { type: 'line', strokeWidth: 1, color: COLOURS.faint },
          encoding: { x, y: auc, detail: { field: 'name', type: 'nominal' } },
        },
        { data: { values: means }, mark: thick(COLOURS.contrast), encoding: { x, y: auc } },
      ],
    },
    {
      width: 285,
      height: 200,
      layer: [
        {
          data: { values: rates },
          mark: thick(COLOURS.accent),
          encoding: { x, y: y('learning rate of its last step', true) },
        },
      ],
    },
  ];
  return spec({ hconcat: means.length > 0 ? panels : panels.slice(1), spacing: 28 });
}

/** All ROC curves in one figure, AUC in the legend, best class first. */
export function rocSpec(evaluation: EvaluationResult): TopLevelSpec {
  const drawn = evaluation.classes
    .filter((c) => c.curve !== null && c.auc !== null)
    .sort((a, b) => (b.auc ?? 0) - (a.auc ?? 0) || a.index - b.index);
  const series = drawn.map((c) => `${c.name} (${(c.auc ?? 0).toFixed(3)})`);
  const styles = drawn.map((c) => classStyle(c.index));
  const values: Row[] = drawn.flatMap((c, k) =>
    (c.curve?.fpr ?? []).map((fpr, order) => ({
      series: series[k],
      fpr,
      tpr: c.curve?.tpr[order] ?? 0,
      order,
    })),
  );
  const axis = { tickCount: 5, format: '.1f' };
  const scale = { domain: [0, 1], nice: false };
  const legend = {
    title: 'class (AUC)',
    orient: 'right',
    symbolType: 'stroke',
    symbolSize: 520,
    symbolStrokeWidth: 2.4,
    offset: 22,
    columns: series.length > 24 ? 2 : 1,
  };
  return spec({
    width: 470,
    height: 470,
    layer: [
      {
        data: { values: [{ x: 0, y: 0, x2: 1, y2: 1 }] },
        mark: { type: 'rule', strokeDash: [5, 5], color: COLOURS.ink, strokeWidth: 1.2 },
        encoding: {
          x: { field: 'x', type: 'quantitative', scale, axis: { ...axis, title: 'False positive rate' } },
          y: { field: 'y', type: 'quantitative', scale, axis: { ...axis, title: 'True positive rate' } },
          x2: { field: 'x2' },
          y2: { field: 'y2' },
        },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1.8, strokeJoin: 'round', interpolate: 'linear' },
        encoding: {
          x: { field: 'fpr', type: 'quantitative' },
          y: { field: 'tpr', type: 'quantitative' },
          order: { field: 'order', type: 'quantitative' },
          color: {
            field: 'series',
            type: 'nominal',
            scale: { domain: series, range: styles.map((s) => s.colour) },
            legend,
          },
          strokeDash: {
            field: 'series',
            type: 'nominal',
            scale: { domain: series, range: styles.map((s) => (s.dash.length ? s.dash : [1, 0])) },
            legend,
          },
        },
      },
    ],
  });
}

/** AUC of every class with its 95 % interval, best first; undefined classes have a row and no dot. */
export function aucSpec(evaluation: EvaluationResult): TopLevelSpec {
  const order = [...evaluation.classes].sort((a, b) => (b.auc ?? -1) - (a.auc ?? -1) || a.index - b.index);
  const names = order.map((c) => c.name);
  const defined = order.filter((c) => c.auc !== null);
  const intervals: Row[] = defined.flatMap((c) =>
    c.interval ? [{ label: c.name, low: c.interval.low, high: c.interval.high }] : [],
  );
  const notes: Row[] = order
    .filter((c) => c.auc === null)
    .map((c) => ({ label: c.name, auc: 0.51, text: `not defined: ${c.reason}` }));
  const lowest = Math.min(0.5, ...intervals.map((r) => Number(r.low)), ...defined.map((c) => c.auc ?? 1));
  const scale = { domain: [Math.floor(lowest * 10) / 10, 1], nice: false };
  const x = (field: string) => ({
    field,
    type: 'quantitative',
    scale,
    axis: { title: 'area under the ROC curve', format: '.1f', tickCount: 6 },
  });
  const y = category('label', names);
  return spec({
    width: 520,
    height: ROW * names.length,
    layer: [
      {
        data: { values: [{ auc: 0.5 }] },
        mark: { type: 'rule', strokeDash: [5, 5], color: COLOURS.ink },
        encoding: { x: x('auc') },
      },
      {
        data: { values: intervals },
        mark: { type: 'rule', strokeWidth: 4, color: COLOURS.accent, opacity: 0.3, strokeCap: 'round' },
        encoding: { y, x: x('low'), x2: { field: 'high' } },
      },
      {
        data: { values: defined.map((c) => ({ label: c.name, auc: c.auc ?? 0 })) },
        mark: { type: 'point', filled: true, size: 70, opacity: 1, color: COLOURS.accent },
        encoding: { y, x: x('auc') },
      },
      {
        data: { values: notes },
        mark: { type: 'text', align: 'left', color: COLOURS.danger, fontSize: 11.5 },
        encoding: { y, x: x('auc'), text: { field: 'text' } },
      },
    ],
  });
}

/** Seconds spent in each phase, in the order they ran. */
export function timingSpec(timings: readonly PhaseTiming[]): TopLevelSpec {
  const names = timings.map((t) => t.phase);
  const values: Row[] = timings.map((t) => ({
    phase: t.phase,
    seconds: t.seconds,
    text: milliseconds(1000 * t.seconds),
  }));
  return spec({
    data: { values },
    width: 520,
    height: (ROW + 2) * names.length,
    encoding: {
      y: category('phase', names),
      x: { field: 'seconds', type: 'quantitative', axis: { title: 'seconds', tickCount: 6, grid: false } },
    },
    layer: [
      { mark: { type: 'bar', color: COLOURS.accent, height: { band: 0.62 } } },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: COLOURS.muted, fontSize: 11.5 },
        encoding: { text: { field: 'text' } },
      },
    ],
  });
}
