/** A bench document as one page that needs nothing else: no script, no load, no font. */

import type { TopLevelSpec } from 'vega-lite';
import { percent, plural, threeDigits } from '../../src/core/formatting.js';
import type { Peaks } from '../../src/engine/timing/peaks.js';
import { htmlPage } from '../../src/eval/report/htmlPage.js';
import { type Html, type HtmlValue, html, trusted } from '../../src/eval/report/htmlTag.js';
import { type Figure, renderFigure } from '../../src/eval/report/renderFigures.node.js';
import { table } from '../../src/eval/report/reportElements.js';
import { REPORT_CSS } from '../../src/eval/report/reportStyle.js';
import type { Comparison } from '../document/compare.js';
import type { BenchDocument } from '../document/document.js';
import {
  comparisonTable,
  convolutionTable,
  groupTables,
  growthLines,
  modelTable,
  numericColumns,
  peersTable,
  pipelineTable,
  profileTable,
  scalingTable,
  shapeTable,
  type Table,
  torchTable,
  variantTable,
} from '../document/tables.js';
import type { KernelReport } from '../kernels/benchKernels.js';
import type { ScalingReport } from '../model/scaling.js';
import { workloadName } from '../model/workload.js';
import type { PeerReport } from '../peers/peerReport.js';
import { scalingSpec } from './scalingSpec.js';
import { peerSpec, rooflineSpec, stepSpec, timelineSpec, variantSpec } from './specs.js';

/** Where a page's font is wider than the one that figures are laid out for, labels may pass their edge. */
const OVERFLOW = 'figure > div > svg { overflow: visible; }';

interface Section {
  id: string;
  title: string;
  body: Html;
}

/** Operations that get bars of their variants: those with most time. */
const MOST_OPS = 6;

function figure({ svg, width }: Figure, caption: HtmlValue): Html {
  return html`<figure><div style="max-width: ${Math.round(width)}px">${trusted(svg)}</div>
<figcaption>${caption}</figcaption></figure>`;
}

function htmlTable(shown: Table): Html {
  const { title, header, rows } = shown;
  const numeric = numericColumns(shown);
  const columns = header.map((name, c) => ({ title: name, numeric: numeric[c] }));
  const cells = rows.map((row) =>
    row.map(
      (cell): HtmlValue =>
        BAD.has(cell)
          ? html`<span class="bad">${cell}</span>`
          : cell === 'BETTER'
            ? html`<span class="good">${cell}</span>`
            : cell,
    ),
  );
  return table(title, columns, cells);
}

const BAD = new Set(['FAILED', 'BELOW', 'WORSE', 'failed', 'wrong']);

/** A figure drawn from a specification, `alt` for those who do not see it. */
async function drawn(name: string, alt: string, spec: TopLevelSpec, caption: HtmlValue): Promise<Html> {
  return figure(await renderFigure(name, alt, spec), caption);
}

function details(summary: string, shown: Table): Html {
  return html`<details><summary>${summary}</summary>${htmlTable(shown)}</details>`;
}

async function kernelSections(kernels: KernelReport, peaks: Peaks | null): Promise<Section[]> {
  const sections = [await stepSection(kernels), await variantSection(kernels)];
  return peaks ? [...sections, await rooflineSection(kernels, peaks)] : sections;
}

async function stepSection(kernels: KernelReport): Promise<Section> {
  const { step, timeline, convolutions, stepMs, resolutionNs } = kernels;
  const name = `${kernels.network}, ${workloadName(kernels)}`;
  const rounded = resolutionNs > 1 ? `, which are rounded to ${resolutionNs} ns` : '';
  const clock =
    kernels.clock === 'gpu'
      ? `by the GPU's timestamps${rounded}`
      : 'by waiting for each dispatch, which adds the way there and back';
  const bars = await drawn(
    'step',
    `Bars of the time each kernel takes in one step, ${name}.`,
    stepSpec(step),
    'Kernels of the step, those with most time first, with their share of the step and of the peak that bounds them.',
  );
  const lanes = await drawn(
    'timeline',
    'Timeline of the dispatches of one step, one lane per operation.',
    timelineSpec(timeline),
    'One step on the time axis, a lane per operation; convolutions in blue.',
  );
  const body = html`<p>One step of ${name}: ${kernels.dispatches} dispatches, ${threeDigits(stepMs)} ms summed up
${clock}; median of ${plural(kernels.repeats, 'run')}. Every dispatch runs by itself here, so the sum is more than a
plain step takes.</p>
${bars}
${htmlTable(convolutionTable(convolutions))}
${lanes}`;
  return { id: 'step', title: 'Where the time goes', body };
}

async function variantSection({ totals, rows, step, failed, checks }: KernelReport): Promise<Section> {
  const ops = [...new Set(rows.map(({ op }) => op))].slice(0, MOST_OPS);
  const untimed: Table = {
    title: 'Not timed',
    header: ['kernel', '', 'why'],
    rows: failed.map(({ op, variant, why }) => [`${op}.${variant}`, 'FAILED', why]),
  };
  const bars = await drawn(
    'variants',
    'Bars of the share of the peak that each variant reaches.',
    variantSpec(totals.filter(({ op }) => ops.includes(op))),
    'Operations with most time first. Blue: used by the plan on at least one shape. Beside each bar: all its ' +
      'dispatches of the step.',
  );
  const body = html`<p>Each variant was checked against its CPU reference first (${checks} checks), then timed on the
network's own shapes. The share of the peak is the shortest time that the measured peaks allow, by the time it took.</p>
${failed.length > 0 ? htmlTable(untimed) : null}
${bars}
${details('All variants', variantTable(totals))}
${details('All shapes', shapeTable(rows))}
${details('The step by kernel', profileTable('The step by kernel', step))}`;
  return { id: 'variants', title: 'Variants of each kernel', body };
}

async function rooflineSection({ rows }: KernelReport, peaks: Peaks): Promise<Section> {
  const chosen = rows.filter((row) => row.chosen);
  const body = await drawn(
    'roofline',
    'Scatter plot of GFLOP/s over FLOPs per byte under the roof of both peaks.',
    rooflineSpec(chosen.length > 0 ? chosen : rows, peaks),
    'Each point is a kernel on a shape of the network, as large as its time in the step. The line is what the ' +
      'adapter reaches at most: left of its bend memory bounds, right of it the multiply-adds. Points above the ' +
      'slope read from caches, which the peak of memory does not count.',
  );
  return { id: 'roofline', title: 'Roofline', body };
}

async function peerSection(peers: PeerReport): Promise<Section> {
  const bars = await drawn(
    'peers',
    'Bars of the time or memory of each engine, one panel per job.',
    peerSpec(peers.results),
    'Less is better. Engines that failed, were wrong or have no such function are in the table only.',
  );
  const versions = Object.entries(peers.versions).map(([name, version]) => `${name} ${version}`);
  const body = html`<p>The same network with the same weights on the same adapter, in turns, each in a process of its
own, after its numbers were checked.</p>
${bars}
${htmlTable(peersTable(peers))}
<p class="quiet">${versions.join(', ')}</p>`;
  return { id: 'peers', title: 'Against others', body };
}

async function growthSection(scaling: ScalingReport): Promise<Section> {
  const plot = await drawn(
    'scaling',
    'Time and memory over the batch and over the size of the images, on logarithmic axes.',
    scalingSpec(scaling),
    'Both axes are logarithmic; dashed: the power law through the points.',
  );
  const body = html`${plot}
<ul>${growthLines(scaling).map((line) => html`<li>${line}</li>`)}</ul>
${details('All points', scalingTable(scaling))}`;
  return { id: 'scaling', title: 'Growth with batch and size', body };
}

function comparisonSection(comparison: Comparison): Section {
  const { rows, warnings } = comparison;
  const same = rows.filter(({ verdict }) => verdict === 'same').length;
  const body = html`${warnings.map((text) => html`<p class="bad">${text}</p>`)}
${htmlTable(comparisonTable(comparison))}
<p class="quiet">${same} of ${rows.length} figures are the same within the noise.</p>
${details('All figures', comparisonTable(comparison, true))}`;
  return { id: 'comparison', title: 'Against an older run', body };
}

async function sections(document: BenchDocument, comparison: Comparison | null): Promise<Section[]> {
  const { kernels, model, peers, peaks } = document;
  const list: Section[] = [];
  if (peers) list.push(await peerSection(peers));
  const torch = torchTable(document);
  if (torch) {
    const body = torch.rows.length > 0 ? htmlTable(torch) : html`<p>${torch.title}.</p>`;
    list.push({ id: 'torch', title: 'Beside PyTorch', body });
  }
  if (kernels) list.push(...(await kernelSections(kernels, peaks)));
  if (model) {
    const tables = [
      ...(model.rows.length > 0 ? [modelTable(model)] : []),
      ...groupTables(model),
      ...(model.pipeline.length > 0 ? [pipelineTable(model.pipeline)] : []),
    ];
    list.push({ id: 'model', title: 'The network as a whole', body: html`${tables.map(htmlTable)}` });
    if (model.scaling) list.push(await growthSection(model.scaling));
  }
  if (comparison) list.push(comparisonSection(comparison));
  return list;
}

/** The numbers somebody skimming wants first. */
function facts({ peaks, kernels, model, peers }: BenchDocument): Html {
  const tiles: [string, string, string][] = [];
  for (const row of model?.rows ?? []) {
    tiles.push([workloadName(row), threeDigits(row.imagesPerSecond), 'images/s']);
  }
  const forward = peers?.results.find(({ job }) => job.kind === 'forward');
  const ratio = forward?.ratios['onnxruntime-webgpu'];
  if (ratio !== undefined)
    tiles.push(['forward', `${ratio.toPrecision(3)} x`, 'as fast as onnxruntime WebGPU']);
  if (kernels) {
    const ideal = kernels.step.reduce((sum, row) => sum + (row.ofPeak ?? 0) * row.share, 0);
    tiles.push(['step', percent(ideal), 'of what the peaks allow']);
  }
  if (peaks) {
    tiles.push(['multiply-adds', threeDigits(peaks.gflops), 'GFLOP/s at most']);
    tiles.push(['memory', threeDigits(peaks.gbs), 'GB/s at most']);
  }
  return html`<dl class="facts">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`,
  )}</dl>`;
}

/** The complete page. */
export async function benchPage(
  document: BenchDocument,
  comparison: Comparison | null = null,
): Promise<string> {
  const list = await sections(document, comparison);
  const { adapter, date, commit, driver, versions, cpus, system, commandLine } = document;
  const made = [
    ['Adapter', `${adapter.name} (${adapter.kind})`],
    ['Driver', driver],
    ['Processor', `${cpus.count} x ${cpus.model}`],
    ['System', system],
    ['Commit', commit ?? 'unknown'],
    ['Command', commandLine],
    ...Object.entries(versions),
  ];
  return htmlPage({
    title: `chexgpu bench, ${adapter.name}`,
    css: REPORT_CSS + OVERFLOW,
    sections: list,
    header: html`<header><h1>chexgpu bench</h1>
<p class="lead">${date.slice(0, 16).replace('T', ' ')} UTC, on ${adapter.name}</p>
${facts(document)}</header>`,
    footer: table(null, [{ title: 'Made on' }, { title: '' }], made),
  });
}
