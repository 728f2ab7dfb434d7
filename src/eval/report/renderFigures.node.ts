/** Draws Vega-Lite specifications as SVG, without a browser, a canvas or any font installed. */

import type { TopLevelSpec } from 'vega-lite';
import { milliseconds, percent } from '../../core/formatting.js';
import { loadVega } from '../../core/host/optionalPackages.node.js';
import { weighsClasses } from './dataSummary.js';
import {
  aucSpec,
  contributionSpec,
  epochsSpec,
  frequencySpec,
  lossSpec,
  rocSpec,
  timingSpec,
} from './figureSpecs.js';
import { escapeHtml } from './htmlTag.js';
import type { EpochRecord, ReportData } from './reportData.js';

export interface Figure {
  /** File name without ending, unique in a report. */
  name: string;
  /** Complete SVG document with a viewBox; scales to any width. */
  svg: string;
  /** Width in CSS pixels at which its text has the intended size. */
  width: number;
  /** What a reader who cannot see it should know. */
  alt: string;
}

/** Advance widths of Arial and its metric twins, in 1/1000 em, for U+0020..U+007E. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const WIDTH_ELSEWHERE = 600;
const BOLD_FACTOR = 1.06;

/** Width of a text in pixels. Vega's own guess without a canvas is 0.8 em a letter, half too wide. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let sum = 0;
  for (const letter of text) sum += WIDTHS[(letter.codePointAt(0) ?? 0) - 32] ?? WIDTH_ELSEWHERE;
  return (sum / 1000) * fontSize * (bold ? BOLD_FACTOR : 1);
}

interface TextItem {
  fontSize?: number;
  fontWeight?: string | number;
}

/** Vega's global text ruler, which its type declarations leave out. */
interface Ruler {
  textMetrics: { width: (item: TextItem, text: unknown) => number };
}

function measure(item: TextItem, text: unknown): number {
  const bold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600;
  return text === null || text === undefined ? 0 : textWidth(String(text).trim(), item.fontSize ?? 11, bold);
}

/** Shorter coordinates: a hundredth of a pixel is enough. Text is left alone. */
function rounded(svg: string): string {
  return svg.replace(
    / (d|transform|x|y|x1|x2|y1|y2|width|height)="([^"]*)"/g,
    (_, key: string, value: string) => {
      const short = value.replace(/-?\d+\.\d{3,}(e-\d+)?/g, (number) =>
        String(Number(Number(number).toFixed(2))),
      );
      return ` ${key}="${short}"`;
    },
  );
}

/** Vega counts ids over the life of the process; here they start anew in every figure. */
function ownIds(svg: string, name: string): string {
  const ids = [...new Set([...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))];
  return ids.reduce(
    (text, id, k) =>
      text.replaceAll(` id="${id}"`, ` id="${name}-${k}"`).replaceAll(`url(#${id})`, `url(#${name}-${k})`),
    svg,
  );
}

/**
 * Draws one figure. `name` also keeps the SVG's inner ids apart from those of its neighbours on a page.
 */
export async function renderFigure(name: string, alt: string, spec: TopLevelSpec): Promise<Figure> {
  const { vega, compile } = await loadVega();
  const ruler = (vega as unknown as Ruler).textMetrics;
  const hostRuler = ruler.width;
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  try {
    // Layout runs inside this synchronous call; whoever else uses Vega here keeps their own ruler.
    ruler.width = measure;
    view.run();
  } finally {
    ruler.width = hostRuler;
  }
  const drawn = await view.toSVG();
  view.finalize();
  const width = Number(/ width="([\d.]+)"/.exec(drawn)?.[1] ?? 800);
  const svg = ownIds(rounded(drawn), name).replace(/^<svg[^>]*?viewBox="([^"]*)"[^>]*>/, (_, box: string) => {
    const head = `xmlns="http://www.w3.org/2000/svg" viewBox="${box}" role="img" aria-label="${escapeHtml(alt)}"`;
    return `<svg ${head}><title>${escapeHtml(alt)}</title>`;
  });
  return { name, svg, width, alt };
}

/** Every figure that the data allow, in the report's order. */
export async function reportFigures(data: ReportData): Promise<Figure[]> {
  const figures: Figure[] = [];
  const add = async (name: string, alt: string, spec: TopLevelSpec) => {
    figures.push(await renderFigure(name, alt, spec));
  };
  if (data.frequencies) {
    const f = data.frequencies;
    const most = f.positive.indexOf(Math.max(...f.positive));
    const least = f.positive.indexOf(Math.min(...f.positive));
    await add(
      'class-frequencies',
      `Bar chart of class frequencies: most frequent ${f.labels[most]} with ${percent(f.positive[most], 1)}, ` +
        `rarest ${f.labels[least]} with ${percent(f.positive[least], 1)} of ${f.samples} images.`,
      frequencySpec(f),
    );
    if (weighsClasses(data)) {
      await add(
        'contributions',
        'Grouped bars of positive and negative contributions per class: far apart before weighting, equal after.',
        contributionSpec(f),
      );
    }
  }
  if (data.training && data.training.stepLosses.length > 0) {
    const { epochs, stepLosses } = data.training;
    const last = epochs.length ? epochs[epochs.length - 1].loss : stepLosses[stepLosses.length - 1];
    await add(
      'loss',
      `Loss over ${stepLosses.length} training steps: ${stepLosses[0].toFixed(4)} at the first step, ` +
        `${last.toFixed(4)} ${epochs.length ? 'on average over the last epoch' : 'at the last step'}.`,
      lossSpec(data.training),
    );
    if (epochs.length > 1) {
      await add('epochs', `${aucInWords(epochs)}Learning rate per epoch.`, epochsSpec(data.training));
    }
  }
  if (data.evaluation) {
    const { classes, meanAuc, samples } = data.evaluation;
    const list = classes
      .map((c) => `${c.name} ${c.auc === null ? 'undefined' : c.auc.toFixed(3)}`)
      .join(', ');
    if (meanAuc !== null)
      await add('roc', `ROC curves on ${samples} images. AUC: ${list}.`, rocSpec(data.evaluation));
    await add('auc', `AUC per class with 95 % intervals: ${list}.`, aucSpec(data.evaluation));
  }
  if (data.timings.length > 0) {
    const list = data.timings.map((t) => `${t.phase} ${milliseconds(1000 * t.seconds)}`).join(', ');
    await add('timings', `Seconds per phase: ${list}.`, timingSpec(data.timings));
  }
  return figures;
}

function aucInWords(epochs: readonly EpochRecord[]): string {
  const aucs = epochs.flatMap(({ valAuc }) => valAuc ?? []);
  if (aucs.length === 0) return '';
  const [first, last] = [aucs[0], aucs[aucs.length - 1]].map((auc) => auc.toFixed(3));
  return `Mean validation AUC per epoch: ${first} at first, ${last} at last. `;
}
