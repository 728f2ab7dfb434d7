/** A page that follows one number: complete in itself, no script, nothing loaded. */
import type { AdamRates } from '../../densenet/trace/firstStep.js';
import type { Explained } from '../../densenet/trace/terms.js';
import type { Traced } from '../../densenet/trace/traceNumber.js';
import { INSPECTION_CSS } from '../inspection/inspectionStyle.js';
import { htmlPage, type PageSection } from '../report/htmlPage.js';
import { type Html, html } from '../report/htmlTag.js';
import { table } from '../report/reportElements.js';
import { partsOf, sevenDigits, shutWords, valuesOf } from './traceLines.js';

export interface TraceData extends Traced {
  /** Of the image. */
  name: string;
  network: string;
  weights: string;
  notice: string | null;
  adapter: string;
  size: number;
  pixel: readonly [row: number, column: number];
  /** Whose logit it is about. */
  label: string;
  positive: readonly string[];
  /** The pixel before it was normalised, 0 to 255. */
  byte: number;
  image: { uri: string; width: number; height: number };
  adam: AdamRates;
  command: string;
  version: string;
  madeAt: string;
}

const CSS = `${INSPECTION_CSS}
.station { border-top: 1px solid var(--rule); padding: 1rem 0 .2rem; break-inside: avoid; }
.station h3 { margin: 0 0 .3rem; overflow-wrap: anywhere; }
.station td, .station th { overflow-wrap: anywhere; white-space: normal; }
.values { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; margin: .4rem 0 .8rem;
  font-variant-numeric: tabular-nums; }
.values dt { display: inline; color: var(--muted); margin-right: .4rem; } .values dd { display: inline; margin: 0; }
.values b { font-size: 1.1rem; }
.mark { fill: none; stroke: #ffb02e; stroke-width: 2px; vector-effect: non-scaling-stroke; }
`;

export function tracePage(data: TraceData): string {
  const { name, network, pixel, label, weight, size, forward, backward } = data;
  const sections: PageSection[] = [
    { id: 'way', title: 'The way', body: wayBody(data) },
    { id: 'forward', title: 'From the pixel to the loss', body: html`${forward.map(station)}` },
    {
      id: 'backward',
      title: 'And back',
      body: html`<p>dL/dy says how the loss L would change with the number y. Every gradient is made of those behind it,
by the chain rule.</p>${backward.map(station)}`,
    },
    { id: 'weight', title: 'The weight', body: weightBody(data) },
  ];
  return htmlPage({
    title: `One number through ${network} – chexgpu`,
    css: CSS,
    header: html`<header><h1>One number, from a pixel to the loss and back to a weight</h1>
<p class="lead">Row ${pixel[0]}, column ${pixel[1]} of <span class="word">${name}</span> at ${size}x${size} px, to the
logit of ${label.replaceAll('_', ' ')}, and back to <code>${weight.title}</code>, in the first training step of
<b>${network}</b>. Weights: ${data.weights}. Computed on ${data.adapter}.</p>${
      data.notice ? html`<p class="notice" role="note">These weights: ${data.notice}.</p>` : null
    }</header>`,
    sections,
    footer: html`Made by chexgpu ${data.version}, ${data.madeAt.slice(0, 16).replace('T', ' ')} UTC, by
<code>${data.command}</code>`,
  });
}

function wayBody({ image, pixel, name, size, byte, rule, meeting, shut, positive, path }: TraceData): Html {
  const { uri, width, height } = image;
  const labels = positive.length > 0 ? `positive labels are ${positive.join(', ')}` : 'no label is positive';
  return html`<div class="xray"><figure><div class="picture"><img src="${uri}" width="${width}" height="${height}"
alt="The X-ray ${name} as the network gets it, ${size} pixels high and wide"><svg viewBox="0 0 ${width} ${height}"
aria-hidden="true"><rect class="mark" x="${pixel[1] - 1}" y="${pixel[0] - 1}" width="3" height="3"/></svg></div>
<figcaption>${name}; the frame is around row ${pixel[0]}, column ${pixel[1]}, whose pixel is ${byte} of 255.
In the loss ${labels}.</figcaption></figure><div><p>The GPU's value is what the kernel computed in single precision. The
reference is the plain sum of the same numbers in double precision; both should agree to about seven digits of the
greatest number that goes in. Places are [image, row, column, channel], from 0.</p>
<p>There are very many ways from a pixel to the loss. This is one of them. ${rule}</p>${
    meeting ? html`<p>${meeting}</p>` : null
  }${shut.length > 0 ? html`<p>${shutWords(shut)}</p>` : null}</div></div>
${table(
  'Places on the way',
  [{ title: 'Layer' }, { title: 'Row, column', numeric: true }, { title: 'Channel', numeric: true }],
  path.map((place) => [place.name, `${place.y}, ${place.x}`, String(place.channel)]),
)}`;
}

function station(explained: Explained): Html {
  const { title, kind, formula, source, kernel, file } = explained;
  const { gpu, reference, difference } = valuesOf(explained);
  const rows = partsOf(explained);
  return html`<div class="station"><h3>${title} <span class="what">${kind}</span></h3>
<p><code>${formula}</code> <span class="quiet">${source}</span></p>
${table(null, [{ title: 'What goes in' }, { title: 'Number' }], rows)}
<dl class="values"><div><dt>GPU</dt><dd><b>${gpu}</b></dd></div>
<div><dt>reference</dt><dd><b>${reference}</b></dd></div>
<div><dt>difference</dt><dd>${difference}</dd></div></dl>${
    kernel ? html`<p class="quiet">By the kernel ${kernel}, <code>${file}</code></p>` : null
  }</div>`;
}

function weightBody({ weight, adam }: TraceData): Html {
  const { gradient, adam: step } = weight;
  const values = (gpu: number, reference: number) => [
    sevenDigits(gpu),
    sevenDigits(reference),
    (gpu - reference).toExponential(1),
  ];
  const of = (what: string) => step.steps.find((one) => one.what.startsWith(what))!.value;
  return html`<p>The gradient of a weight is a sum over every place where it was used.</p>${station(gradient)}
<h3>Adam's first step</h3>
<p>Learning rate ${adam.learningRate}, beta1 ${adam.beta1}, beta2 ${adam.beta2}, epsilon ${adam.epsilon}.
<span class="quiet">Kingma and Ba, Adam, 2015, as Keras computes it</span></p>
${table(
  null,
  [{ title: 'What' }, { title: 'Number', numeric: true }],
  step.steps.map(({ what, value }) => [what, sevenDigits(value)]),
)}
${table(
  "The GPU's beside them",
  [
    { title: 'Number' },
    { title: 'GPU', numeric: true },
    { title: 'Reference', numeric: true },
    { title: 'Difference', numeric: true },
  ],
  [
    ['m', ...values(step.m, of('m ='))],
    ['v', ...values(step.v, of('v ='))],
    ['the weight after the step', ...values(step.after, of('w - step'))],
  ],
)}`;
}
