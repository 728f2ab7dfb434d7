/** Puts the sections together to one page that needs nothing else: no script, no load, no font. */

import { duration, threeDigits } from '../../core/formatting.js';
import {
  contributionSection,
  dataSection,
  frequencySection,
  modelSection,
  problemSection,
  sampleSection,
} from './dataSections.js';
import { weighsClasses } from './dataSummary.js';
import { htmlPage } from './htmlPage.js';
import { type Html, type HtmlValue, html, trusted } from './htmlTag.js';
import type { ReportData } from './reportData.js';
import type { Assets, Section } from './reportElements.js';
import { REPORT_CSS } from './reportStyle.js';
import { type CaseUris, gradcamSection, rocSection, timingSection } from './resultSections.js';

/** Figures (SVG, by name) and pictures (data URIs, in the data's order), ready for the page. */
export interface ReportAssets {
  figures: Map<string, { svg: string; width: number }>;
  samples: string[];
  cases: CaseUris[];
}

function sections(data: ReportData, assets: ReportAssets): Section[] {
  const drawn: Assets = {
    figure(name: string, caption: HtmlValue): Html | null {
      const figure = assets.figures.get(name);
      if (!figure) return null;
      return html`<figure><div style="max-width: ${Math.round(figure.width)}px">${trusted(figure.svg)}</div>
        <figcaption>${caption}</figcaption></figure>`;
    },
  };
  const list: (Section | null)[] = [
    data.problems?.length ? problemSection(data.problems) : null,
    data.data && dataSection(data.data),
    data.samples.length ? sampleSection(data.samples, assets.samples) : null,
    data.frequencies && frequencySection(data.frequencies, drawn),
    data.frequencies && weighsClasses(data) ? contributionSection(data.frequencies, drawn) : null,
    data.model || data.training ? modelSection(data.model, data.training, drawn) : null,
    data.evaluation && rocSection(data.evaluation, drawn),
    data.gradcam.length ? gradcamSection(data.gradcam, assets.cases, data.pointing) : null,
    timingSection(data.timings, data.run, drawn),
  ];
  return list.filter((section): section is Section => section !== null);
}

/** The numbers somebody skimming wants first. */
function facts(data: ReportData): Html {
  const tiles: [string, string, string][] = [];
  const { evaluation, training, model, run } = data;
  if (evaluation) {
    const defined = evaluation.classes.length - evaluation.undefinedClasses.length;
    tiles.push([
      'mean AUC',
      evaluation.meanAuc === null ? 'undefined' : evaluation.meanAuc.toFixed(3),
      `${defined} of ${evaluation.classes.length} classes, ${evaluation.samples} images`,
    ]);
  }
  if (training?.epochs.length) {
    const { epochs } = training;
    const last = epochs[epochs.length - 1];
    tiles.push([
      'training loss',
      last.loss.toFixed(4),
      epochs.length > 1 ? `from ${epochs[0].loss.toFixed(4)} in epoch 1` : 'in one epoch',
    ]);
    tiles.push(['training speed', threeDigits(last.imagesPerSecond), 'images/s']);
  }
  if (model) {
    tiles.push([
      'parameters',
      `${(model.parameters.total / 1e6).toFixed(2)} M`,
      `${model.name}, ${model.input[0]} px`,
    ]);
  }
  tiles.push(['whole run', duration(run.seconds), run.adapter.software ? 'software adapter' : 'on the GPU']);
  return html`<dl class="facts">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`,
  )}</dl>`;
}

/** The complete document. */
export function reportHtml(data: ReportData, assets: ReportAssets): string {
  const list = sections(data, assets);
  return htmlPage({
    title: `${data.title} – chexgpu report`,
    css: REPORT_CSS,
    sections: list,
    header: html`<header><h1>${data.title}</h1>
<p class="lead">Run <b>${data.run.name}</b>, ${data.run.startedAt.slice(0, 16).replace('T', ' ')}, on
${data.run.adapter.name}</p>
${facts(data)}</header>`,
    footer: html`Made by chexgpu. The data behind this page are in report.json beside it, the figures in figures/, the
pictures in images/.`,
  });
}
