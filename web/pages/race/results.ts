/** The cards of a result: progress, peaks, roofline, naive against fast, the network, TensorFlow.js. */
import { html, nothing, type TemplateResult } from 'lit';
import type { BenchDocument } from '../../../bench/document/document.js';
import * as words from '../../../bench/document/tables.js';
import { variantTotals } from '../../../bench/kernels/kernelRows.js';
import { workloadName } from '../../../bench/model/workload.js';
import { milliseconds, percent, threeDigits } from '../../../src/core/formatting.js';
import { dataTable } from './dataTable.js';
import type { RaceSession } from './session.js';
import { variantBars } from './variantBars.js';
import './roofline.js';

/** Shapes of the table beside the roofline; the file has all. */
const MOST_SHAPES = 24;
const MOST_GROUPS = 16;

function progressCard({ progress, isRacing }: RaceSession): TemplateResult {
  if (!isRacing || !progress) return html``;
  const { what, done, total } = progress;
  return html`<section class="card" id="progress" aria-label="Progress">
    <progress aria-label="Progress" max=${total || 1} .value=${total > 0 ? done : 0}></progress>
    <p role="status" aria-live="off">${what}${total > 0 ? `, ${done} of ${total}` : ' …'}</p>
  </section>`;
}

function facts({ peaks, model }: BenchDocument): TemplateResult {
  const tiles: [string, string, string][] = [];
  if (peaks) {
    tiles.push(['multiply-adds', threeDigits(peaks.gflops), 'GFLOP/s at most']);
    tiles.push(['memory', threeDigits(peaks.gbs), 'GB/s at most']);
  }
  for (const row of model?.rows ?? []) {
    tiles.push([workloadName(row), threeDigits(row.imagesPerSecond), 'images per second']);
  }
  return tiles.length === 0
    ? html``
    : html`<dl class="tiles">
        ${tiles.map(
          ([name, value, note]) => html`<div>
            <dt>${name}</dt>
            <dd>${value} <small>${note}</small></dd>
          </div>`,
        )}
      </dl>`;
}

function headCard(document: BenchDocument, file: string | null): TemplateResult {
  const { adapter, date, versions, system, commandLine } = document;
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return html`<section class="card" id="head" aria-label="What was measured">
    <h2>${file === null ? 'Measured here' : file}</h2>
    ${facts(document)}
    <p class="quiet">
      ${adapter.name}, ${date.slice(0, 16).replace('T', ' ')} UTC, ${made.join(', ')}, ${system}. ${commandLine}.
    </p>
  </section>`;
}

function kernelCards({ kernels, peaks }: BenchDocument): TemplateResult {
  if (!kernels) return html``;
  const { rows, failed, checks, network, part } = kernels;
  // Results of before do not tell how many times as fast as naive a variant is; their rows do.
  const totals = peaks ? variantTotals(rows, peaks) : kernels.totals;
  const chosen = rows.filter((row) => row.chosen);
  const points = chosen.length > 0 ? chosen : rows;
  const where = `${network}, ${workloadName(kernels)}${part === undefined ? '' : `, ${part}`}`;
  return html`${
    peaks
      ? html`<section class="card" id="roofline" aria-label="Roofline">
          <h2>Roofline</h2>
          <p class="quiet">
            ${where}. Each dot is a kernel that the plan uses on one shape, larger where more time goes. Left of the
            bend memory bounds it, right of it the multiply-adds; dots above the slope read from caches.
          </p>
          <chexgpu-roofline .rows=${points} .peaks=${peaks}></chexgpu-roofline>
          ${dataTable(words.shapeTable(rows, MOST_SHAPES))}
        </section>`
      : nothing
  }
    <section class="card" id="variants" aria-label="Naive against fast">
      <h2>Naive against fast</h2>
      <p class="quiet">
        ${checks} checks against the CPU reference went before. Times as fast as the naive kernel, on the shapes that
        both take; * is what the plan uses.
      </p>
      ${failed.map(
        ({ op, variant, why }) => html`<p class="message bad">${op}.${variant} was not timed: ${why}</p>`,
      )}
      ${variantBars(totals)} ${dataTable(words.variantTable(totals))}
    </section>`;
}

function modelCard({ model }: BenchDocument): TemplateResult {
  if (!model || model.rows.length === 0) return html``;
  return html`<section class="card" id="model" aria-label="The network">
    <h2>The network</h2>
    ${dataTable(words.modelTable(model))}
    ${words.groupTables(model, MOST_GROUPS).map((table) => dataTable(table))}
    ${model.scaling ? dataTable(words.scalingTable(model.scaling)) : nothing}
    ${model.pipeline.length > 0 ? dataTable(words.pipelineTable(model.pipeline)) : nothing}
  </section>`;
}

function peersCard(session: RaceSession): TemplateResult {
  const peers = session.shown?.document.peers;
  const { wishes, isRacing } = session;
  return html`<section class="card" id="peers" aria-label="Beside TensorFlow.js">
    <h2>Beside TensorFlow.js</h2>
    ${
      wishes
        ? html`<p class="quiet">
              The same network with the same weights on its WebGPU backend, on this adapter, at ${wishes.batch} x
              ${wishes.size} px: prediction${wishes.kind === 'train' ? ' and training step' : ''}. Its
              ${wishes.kind === 'train' ? 'probabilities and its loss' : 'probabilities'} have to agree before times
              count. It is fetched now, from this site, and not before.
            </p>
            <div class="row">
              <button type="button" id="tfjs" ?disabled=${isRacing} @click=${() => void session.raceTfjs()}>
                Race TensorFlow.js
              </button>
            </div>`
        : nothing
    }
    ${peers?.results.map(({ job, rows, ratios }) => {
      const ratio = ratios['tfjs-webgpu'];
      const [ours, theirs] = ['chexgpu', 'tfjs-webgpu'].map(
        (name) => rows.find(({ engine }) => engine === name)?.ms,
      );
      return ratio === undefined || !ours || !theirs
        ? nothing
        : html`<p>
            ${job.kind === 'forward' ? 'Prediction' : 'Training step'}: chexgpu ${milliseconds(ours)}, TensorFlow.js
            ${milliseconds(theirs)}; ${ratio >= 1 ? 'chexgpu is' : 'TensorFlow.js is'}
            ${threeDigits(ratio >= 1 ? ratio : 1 / ratio)} times as fast.
          </p>`;
    })}
    ${peers ? dataTable(words.peersTable(peers)) : nothing}
  </section>`;
}

function emptyCard({ isRacing }: RaceSession): TemplateResult {
  return isRacing
    ? html``
    : html`<section class="card empty" aria-label="No result yet">
        <p class="lead">How fast is this machine, and how much of it do the kernels use?</p>
        <p class="quiet">
          A race measures what the adapter reaches at most, then every variant of the chosen kernels on the shapes of
          the network, and the network as a whole. Or load a result that <code>chexgpu bench</code> wrote.
        </p>
      </section>`;
}

/** Shares of the step by kernel, as the command prints them. */
function stepCard({ kernels }: BenchDocument): TemplateResult {
  if (!kernels || kernels.step.length === 0) return html``;
  const ideal = kernels.step.reduce((sum, row) => sum + (row.ofPeak ?? 0) * row.share, 0);
  return html`<section class="card" id="step" aria-label="Where the time goes">
    <h2>Where the time goes</h2>
    <p class="quiet">
      ${kernels.dispatches} dispatches, ${milliseconds(kernels.stepMs)} together, ${percent(ideal)} of what the peaks
      allow; timed ${kernels.clock === 'gpu' ? "by the GPU's clock" : 'by waiting for each'}${
        kernels.resolutionNs > 1 ? `, in steps of ${threeDigits(kernels.resolutionNs / 1000)} µs` : ''
      }.
    </p>
    ${dataTable(words.profileTable('The step by kernel', kernels.step, MOST_GROUPS))}
  </section>`;
}

export function resultCards(session: RaceSession): TemplateResult {
  const { shown } = session;
  return html`${progressCard(session)}
  ${
    shown
      ? html`${headCard(shown.document, shown.file)} ${kernelCards(shown.document)} ${stepCard(shown.document)}
        ${modelCard(shown.document)}`
      : emptyCard(session)
  }
  ${peersCard(session)}`;
}
