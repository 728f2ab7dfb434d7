/** The third level: one channel, its map, its batch norm's statistics, its histogram. */
import type { InspectedMap, Layer } from 'chexgpu';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { isEnd } from '../graph/graph.js';
import { number } from '../parts/numbers.js';
import { fieldFigure } from './figures/fieldFigure.js';
import { kernelSheets } from './figures/kernelSheets.js';
import { shownMap, type View } from './view.js';

export function channelLevel(view: View): TemplateResult {
  const { graph, place, width } = view;
  const { layer, channel, y, x } = place;
  const map = shownMap(view, layer);
  const { height, width: across, channels } = graph.shape(layer);
  const side = Math.min(320, width - 24);
  const isUpdate = place.direction === 'update' && !isEnd(layer);
  return html`<div class="channel">
    <section class="big" aria-label="The map">
      ${
        isUpdate
          ? html`<h2>The weights of channel ${channel}</h2>
              ${kernelSheets(view, layer, channel, Math.min(220, width / 2 - 20))}`
          : html`<chexgpu-sheet
                data-focus
                .data=${map}
                .side=${[height, across]}
                .from=${channel}
                .to=${channel + 1}
                .tile=${side}
                .cursor=${[y, x]}
                pickable
                label=${`Channel ${channel} of ${layer}, ${height} × ${across} pixels`}
                @pick=${({ detail }: CustomEvent) => view.go(detail)}
                @dblclick=${() => view.enter({})}
              ></chexgpu-sheet>
              <p class="quiet">${mapWords(map, channel, isEnd(layer) && place.direction === 'backward')}</p>`
      }
      <div class="row channels">
        <button type="button" ?disabled=${channel === 0} @click=${() => view.go({ channel: channel - 1 })}>
          Channel before
        </button>
        <span class="place">${channel + 1} of ${channels}</span>
        <button type="button" ?disabled=${channel + 1 >= channels} @click=${() => view.go({ channel: channel + 1 })}>
          Next channel
        </button>
      </div>
    </section>
    <section class="about" aria-label="About the channel">
      ${histogram(map, channel)} ${normCard(view)}
      ${fieldFigure(view, 112)}
    </section>
  </div>`;
}

function valuesOf(map: InspectedMap, channel: number): number[] {
  const channels = map.shape[map.shape.length - 1];
  const at = Math.min(channel, channels - 1);
  return Array.from(
    { length: map.values.length / channels },
    (_, pixel) => map.values[pixel * channels + at],
  );
}

function mapWords(map: InspectedMap | null, channel: number, isBeyond: boolean): string {
  if (!map && isBeyond)
    return 'The way back begins at the logits: there is no gradient of what comes behind them.';
  if (!map) return 'Values come as soon as they are computed.';
  const values = valuesOf(map, channel);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `Least ${number(Math.min(...values))}, mean ${number(mean)}, greatest ${number(Math.max(...values))}.`;
}

const HISTOGRAM = { width: 300, height: 96, bins: 24 };

/** How often which values are there. */
function histogram(map: InspectedMap | null, channel: number): TemplateResult {
  if (!map) return html``;
  const values = valuesOf(map, channel);
  const [least, greatest] = [Math.min(0, ...values), Math.max(0, ...values)];
  const span = greatest - least || 1;
  const { width, height, bins } = HISTOGRAM;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor(((value - least) / span) * bins))]++;
  const most = Math.max(...counts);
  const zero = (-least / span) * width;
  return html`<figure class="histogram">
    <figcaption>How often which value: ${values.length} pixels</figcaption>
    <svg
      viewBox="0 0 ${width} ${height + 18}"
      role="img"
      aria-label=${`Histogram from ${number(least)} to ${number(greatest)}`}
    >
      ${counts.map((count, i) => {
        const high = (count / most) * height;
        return svg`<rect class=${least + ((i + 0.5) * span) / bins < 0 ? 'minus' : 'plus'} x=${(i * width) / bins + 0.5}
          y=${height - high} width=${width / bins - 1} height=${high} rx="1" />`;
      })}
      <line class="zero" x1=${zero} x2=${zero} y1="0" y2=${height} />
      <text x="0" y=${height + 14}>${number(least, 3)}</text>
      <text x=${width} y=${height + 14} text-anchor="end">${number(greatest, 3)}</text>
    </svg>
  </figure>`;
}

/** Batch norms that this channel goes through, or those of its readers. */
function normsOf({ graph, place }: View): { norm: Layer; channel: number }[] {
  const { layer, channel } = place;
  if (isEnd(layer)) return [];
  const own = graph.layer(layer);
  if (own.kind === 'batchnorm') return [{ norm: own, channel }];
  if (own.kind === 'relu')
    return [{ norm: graph.input(own), channel }].filter(({ norm }) => norm.kind === 'batchnorm');
  const written = graph.written(layer, channel);
  const c = graph.offsetInBuffer(written.name) + written.channel;
  return graph
    .finalReaders(written.name)
    .filter(({ kind }) => kind === 'batchnorm')
    .map((norm) => ({ norm, channel: c }));
}

/** The statistics that the step went by beside those that predictions go by. */
function normCard(view: View): TemplateResult {
  const { values, opened } = view;
  const norms = normsOf(view);
  if (norms.length === 0 || !opened) return html``;
  const shown = norms.slice(0, 6);
  const maps = shown.map(({ norm }) => values.map('batchnorm', norm.name));
  const [first] = maps;
  if (!first?.statistics)
    return html`<p class="quiet">Batch norm statistics come as soon as they are computed.</p>`;
  const c = shown[0].channel;
  const s = first.statistics;
  const row = (title: string, batch: number, moving: number, next?: number) => html`<tr>
    <th scope="row">${title}</th>
    <td>${number(batch)}</td>
    <td>${number(moving)}</td>
    ${next === undefined ? nothing : html`<td>${number(next)}</td>`}
  </tr>`;
  return html`<div class="norm">
    <table>
      <caption>
        Batch norm of this channel
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="col">of this batch</th>
          <th scope="col">moving</th>
          <th scope="col">moving, after the step</th>
        </tr>
      </thead>
      <tbody>
        ${row('mean', s.mean[c], s.movingMean[c], s.next?.movingMean[c])}
        ${row('variance', s.variance[c], s.movingVariance[c], s.next?.movingVariance[c])}
      </tbody>
    </table>
    ${gauge(s.mean[c], s.variance[c], s.movingMean[c], s.movingVariance[c])}
    <p class="quiet">
      Training normalises by the batch; predictions by the moving averages, which take a hundredth of the way at each
      step. ${
        norms.length > 1
          ? html`${norms.length} layers read this channel. All see the same batch mean and variance; each has its own
              gamma and beta:`
          : nothing
      }
    </p>
    <ul class="gammas">
      ${shown.map(({ norm, channel }, i) => {
        const own = maps[i]?.statistics;
        return html`<li>
          <span>${norm.name}</span> gamma ${own ? number(own.gamma[channel]) : '…'}, beta
          ${own ? number(own.beta[channel]) : '…'}
        </li>`;
      })}
      ${norms.length > shown.length ? html`<li>and ${norms.length - shown.length} more</li>` : nothing}
    </ul>
  </div>`;
}

/** Two means with a deviation on each side, on one line. */
function gauge(mean: number, variance: number, movingMean: number, movingVariance: number): TemplateResult {
  const ranges = [
    [mean, Math.sqrt(variance), 'batch'],
    [movingMean, Math.sqrt(movingVariance), 'moving'],
  ] as const;
  const least = Math.min(...ranges.map(([m, d]) => m - 1.2 * d));
  const greatest = Math.max(...ranges.map(([m, d]) => m + 1.2 * d));
  const x = (value: number) => 60 + (230 * (value - least)) / (greatest - least || 1);
  const label = 'Mean and standard deviation, of the batch above, moving below';
  return html`<svg class="gauge" viewBox="0 0 300 46" role="img" aria-label=${label}>
    ${ranges.map(
      ([m, d, title], i) => svg`<g class=${title}>
        <text x="0" y=${16 + i * 22}>${title}</text>
        <line x1=${x(m - d)} x2=${x(m + d)} y1=${12 + i * 22} y2=${12 + i * 22} />
        <circle cx=${x(m)} cy=${12 + i * 22} r="4.5" />
      </g>`,
    )}
  </svg>`;
}
