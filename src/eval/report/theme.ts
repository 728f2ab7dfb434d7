/** One look for every figure and for the report. */
import type { Config } from 'vega-lite';

/** Metric twins: text is as wide in one as in the next, so that layouts made without a screen hold. */
export const FIGURE_FONT = 'Arial, Helvetica, "Liberation Sans", Arimo, sans-serif';

export const COLOURS = {
  ink: '#17212b',
  muted: '#52616f',
  faint: '#9aa7b2',
  rule: '#dbe1e7',
  panel: '#f4f6f8',
  paper: '#ffffff',
  accent: '#0072b2',
  /** The second of a pair (Okabe and Ito: told apart by every common kind of colour blindness). */
  contrast: '#d55e00',
  warning: '#8a4b00',
  danger: '#a3202c',
} as const;

/** Okabe and Ito's palette without its yellow, which white paper swallows. */
const HUES = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#4d4d4d'];

/** Solid, dashed, dotted: one for each time round the hues. */
const DASHES = [[], [7, 3], [2, 2.5]];

/** Line style of class `index`, the same in every figure: hue by index, dash when the hues run out. */
export function classStyle(index: number): { colour: string; dash: number[] } {
  return {
    colour: HUES[index % HUES.length],
    dash: DASHES[Math.floor(index / HUES.length) % DASHES.length],
  };
}

export const VEGA_CONFIG: Config = {
  // Screen readers get one sentence per figure instead of one per mark.
  aria: false,
  background: COLOURS.paper,
  font: FIGURE_FONT,
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: COLOURS.muted,
    labelFontSize: 12,
    labelLimit: 0,
    labelFlush: false,
    titleColor: COLOURS.ink,
    titleFontSize: 12.5,
    titleFontWeight: 'normal',
    titlePadding: 10,
    gridColor: COLOURS.rule,
    domainColor: COLOURS.faint,
    tickColor: COLOURS.faint,
    tickSize: 4,
    labelPadding: 5,
  },
  axisBand: { ticks: false, domain: false, grid: false, labelColor: COLOURS.ink, labelPadding: 8 },
  legend: {
    labelColor: COLOURS.ink,
    labelFontSize: 12.5,
    labelLimit: 0,
    titleColor: COLOURS.muted,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    symbolSize: 110,
    rowPadding: 5,
    columnPadding: 18,
  },
  header: { labelColor: COLOURS.ink, labelFontSize: 13, labelFontWeight: 'bold' },
  title: {
    color: COLOURS.ink,
    fontSize: 13,
    fontWeight: 'bold',
    anchor: 'start',
    frame: 'group',
    offset: 10,
  },
  text: { color: COLOURS.ink, fontSize: 12 },
};
