/** A bench document as one page that needs nothing else: no script, no load, no font. */

import { percent, threeDigits } from '../../src/core/formatting.js';
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
  growthLines,
  modelTable,
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
import { workloadName } from '../model/workload.js';
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

const NUMBER = /^[±<]?-?[\d.,]*( ?(%|ms|s|kB|MB|GB|px|GFLOP\/s|GB\/s|images\/s))?$|^-$/;

function htmlTable({ title, header, rows }: Table): Html {
  const numeric = header.map((_, c) => rows.length > 0 && rows.every((row) => NUMBER.test(row[c])));
  const columns = header.map((name, c) => ({ title: name, numeric: c > 0 && numeric[c] }));
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

async function kernelSection(kernels: KernelReport, { peaks }: BenchDocument): Promise<Section[]> {
  const { step, totals, rows, timeline, convolutions, failed, stepMs } = kernels;
  const name = `${kernels.network}, ${workloadName(kernels)}`;
  const draw = renderFigure;
  const ops = [...new Set(rows.map(({ op }) => op))].slice(0, MOST_OPS);
  const chosen = rows.filter((row) => row.chosen);
  const shown = chosen.length > 0 ? chosen : rows;
  const clock =
    kernels.clock === 'gpu'
      ? `by the GPU's timestamps${kernels.resolutionNs > 1 ? `, which are rounded to ${kernels.resolutionNs} ns` : ''}`
      : 'by waiting for each dispatch, which adds the way there and back';
  return [
    {
      id: 'step',
      title: 'Where the time goes',
      body: html`<p>One step of ${name}: ${kernels.dispatches} dispatches, ${threeDigits(stepMs)} ms summed up ${clock}; median
of ${kernels.repeats} runs. Every dispatch runs by itself here, so the sum is more than a plain step takes.</p>
${figure(await draw('step', `Bars of the time each kernel takes in one step, ${name}.`, stepSpec(step)), 'Kernels of the step, those with most time first, with their share of the step and of the peak that bounds them.')}
${htmlTable(convolutionTable(convolutions))}
${figure(await draw('timeline', `Timeline of the dispatches of one step, one lane an operation.`, timelineSpec(timeline)), 'One step on the time axis, a lane an operation; convolutions in blue.')}`,
    },
    {
      id: 'variants',
      title: 'Variants of each kernel',
      body: html`<p>Each variant was checked against its CPU reference first (${kernels.checks} checks), then timed on the network's own
shapes. The share of the peak is the shortest time that the measured peaks allow, by the time it took.</p>
${failed.length > 0 ? htmlTable({ title: 'Not timed', header: ['kernel', '', 'why'], rows: failed.map((f) => [`${f.op}.${f.variant}`, 'FAILED', f.why]) }) : null}
${figure(await draw('variants', 'Bars of the share of the peak that each variant reaches.', variantSpec(totals.filter(({ op }) => ops.includes(op)))), `Operations with most time first. Blue: used by the plan on at least one shape. Beside each bar: all its dispatches of the step.`)}
<details><summary>All variants</summary>${htmlTable(variantTable(totals))}</details>
<details><summary>All shapes</summary>${htmlTable(shapeTable(rows))}</details>
<details><summary>The step by kernel</summary>${htmlTable(profileTable('The step by kernel', step))}</details>`,
    },
    ...(peaks
      ? [
          {
            id: 'roofline',
            title: 'Roofline',
            body: html`${figure(await draw('roofline', 'Scatter plot of GFLOP/s over FLOPs a byte under the roof of both peaks.', rooflineSpec(shown, peaks)), 'Each point is a kernel on a shape of the network, as large as its time in the step. The line is what the adapter reaches at most: left of its bend memory bounds, right of it the multiply-adds. Points above the slope read from caches, which the peak of memory does not count.')}`,
          },
        ]
      : []),
  ];
}

async function sections(document: BenchDocument, comparison: Comparison | null): Promise<Section[]> {
  const { kernels, model, peers } = document;
  const list: Section[] = [];
  if (peers) {
    list.push({
      id: 'peers',
      title: 'Against others',
      body: html`<p>The same network with the same weights on the same adapter, in turns, each in a process of its own, after its
numbers were checked.</p>
${figure(await renderFigure('peers', 'Bars of the time or memory of each engine, one panel a job.', peerSpec(peers.results)), 'Less is better. Engines that failed, were wrong or have no such function are in the table only.')}
${htmlTable(peersTable(peers))}
<p class="quiet">${Object.entries(peers.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}</p>`,
    });
  }
  const torch = torchTable(document);
  if (torch) {
    const body = torch.rows.length > 0 ? htmlTable(torch) : html`<p>${torch.title}.</p>`;
    list.push({ id: 'torch', title: 'Beside PyTorch', body });
  }
  if (kernels) list.push(...(await kernelSection(kernels, document)));
  if (model) {
    list.push({
      id: 'model',
      title: 'The network as a whole',
      body: html`${model.rows.length > 0 ? htmlTable(modelTable(model)) : null}${model.pipeline.length > 0 ? htmlTable(pipelineTable(model.pipeline)) : null}`,
    });
    const { scaling } = model;
    if (scaling) {
      list.push({
        id: 'scaling',
        title: 'Growth with batch and size',
        body: html`${figure(await renderFigure('scaling', 'Time and memory over the batch and over the size of the images, on logarithmic axes.', scalingSpec(scaling)), 'Both axes are logarithmic; dashed: the power law through the points.')}
<ul>${growthLines(scaling).map((line) => html`<li>${line}</li>`)}</ul>
<details><summary>All points</summary>${htmlTable(scalingTable(scaling))}</details>`,
      });
    }
  }
  if (comparison) {
    list.push({
      id: 'comparison',
      title: 'Against an older run',
      body: html`${comparison.warnings.map((text) => html`<p class="bad">${text}</p>`)}
${htmlTable(comparisonTable(comparison))}
<p class="quiet">${comparison.rows.filter(({ verdict }) => verdict === 'same').length} of ${comparison.rows.length} figures are the same within the noise.</p>
<details><summary>All figures</summary>${htmlTable(comparisonTable(comparison, true))}</details>`,
    });
  }
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
