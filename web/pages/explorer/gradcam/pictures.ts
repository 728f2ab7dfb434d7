/** The pictures of Grad-CAM's steps. */
import { html, nothing, type TemplateResult } from 'lit';
import { number } from '../parts/numbers.js';
import { largestOf } from '../parts/sheet.js';
import type { ExplorerSession } from '../session.js';
import type { CamSteps } from './types.js';
import '../parts/sheet.js';
import './heatPicture.js';

/** Channels whose weights are listed. */
const LISTED = 16;

/** maps[h,w,i] of the weightiest channels. */
export function tiles(steps: CamSteps, maps: Float32Array, what: string): TemplateResult {
  const { height, width, shown, channels, order } = steps;
  const most = largestOf(maps);
  const of =
    shown < channels
      ? `the ${shown} of ${channels} channels that will weigh most`
      : `all ${channels} channels`;
  return html`<ol class="tiles">
      ${Array.from({ length: shown }, (_, i) => {
        const at = i;
        return html`<li>
          <figure>
            <chexgpu-sheet
              .data=${{ shape: [1, height, width, shown], values: maps }}
              .from=${at}
              .to=${at + 1}
              .tile=${64}
              .most=${most}
              label=${`${what} of channel ${order[i]}`}
            ></chexgpu-sheet>
            <figcaption>${order[i]}</figcaption>
          </figure>
        </li>`;
      })}
    </ol>
    <p class="quiet">
      ${what}: ${of}, ${height} x ${width} each; teal above 0, orange below, the strongest colour is ${number(most, 3)}.
    </p>`;
}

/** alpha[k] as bars from the middle. */
export function weightBars({ order, weights, channels }: CamSteps): TemplateResult {
  const most = largestOf(weights) || 1;
  const listed = order.slice(0, LISTED);
  return html`<table class="weights">
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col" class="track"><span class="offscreen">As a bar</span></th>
          <th scope="col">alpha</th>
        </tr>
      </thead>
      <tbody>
        ${listed.map((k) => {
          const share = Math.abs(weights[k]) / most;
          const style = `width: ${50 * share}%; ${weights[k] < 0 ? 'right: 50%' : 'left: 50%'}`;
          return html`<tr>
            <th scope="row">${k}</th>
            <td class="track"><i class=${weights[k] < 0 ? 'minus' : 'plus'} .style=${style}></i></td>
            <td>${number(weights[k])}</td>
          </tr>`;
        })}
      </tbody>
    </table>
    ${
      channels > listed.length
        ? html`<p class="quiet">The ${listed.length} weightiest of ${channels}; the others lie below ${number(
            Math.abs(weights[order[listed.length]]),
            3,
          )}.</p>`
        : nothing
    }`;
}

/** The sum before, what came last, and the sum now. */
export function sheetOfSum(steps: CamSteps, at: number): TemplateResult {
  const { height, width, sums, counts, channels } = steps;
  const pixels = height * width;
  const most = largestOf(sums);
  const sumAt = (i: number) =>
    i < 0 ? new Float32Array(pixels) : sums.subarray(i * pixels, (i + 1) * pixels);
  const [before, now] = [sumAt(at - 1), sumAt(at)];
  const came = now.map((value, i) => value - before[i]);
  const figure = (values: Float32Array, tile: number, words: string) => {
    const range = `${number(Math.min(...values), 3)} to ${number(Math.max(...values), 3)}`;
    return html`<figure>
      <chexgpu-sheet
        .data=${{ shape: [1, height, width, 1], values }}
        .tile=${tile}
        .most=${most}
        label=${`${words}: ${range}`}
      ></chexgpu-sheet>
      <figcaption>${words}<br />${range}</figcaption>
    </figure>`;
  };
  return html`<div class="sum">
    ${at === 0 ? nothing : html`${figure(before, 120, `sum of ${counts[at - 1]}`)}<b class="sign">+</b>`}
    ${figure(came, 120, addendWords(steps, at))}
    <b class="sign">=</b>
    ${figure(now, 220, `sum of ${counts[at]} of ${channels}`)}
  </div>`;
}

function addendWords({ counts, order, weights }: CamSteps, at: number): string {
  const from = at === 0 ? 0 : counts[at - 1];
  if (counts[at] - from > 1) return `the next ${counts[at] - from} channels, weighted`;
  const k = order[from];
  return `${number(weights[k], 3)} times channel ${k}`;
}

/** From the step where it has the picture's size. */
export function heat(session: ExplorerSession, steps: CamSteps, step: number): TemplateResult {
  const { opened } = session;
  const { height, width, sums, heat: map, side, empty, off, probability, classIndex } = steps;
  if (!opened) return html``;
  const pixels = height * width;
  const label = opened.labels[classIndex] ?? `output ${classIndex}`;
  const last = sums.subarray(sums.length - pixels);
  const mode = step === 5 ? 'smooth' : step === 6 ? 'heat' : 'overlay';
  const words = {
    smooth: `The sum at ${side} x ${side} pixels, teal above 0 and orange below.`,
    heat: `Grad-CAM of ${label}, 0 to 1, ${side} x ${side} pixels.`,
    overlay: `Grad-CAM of ${label} over ${opened.picture}.`,
  }[mode];
  return html`<figure>
      <chexgpu-heat
        .mode=${mode}
        .map=${map}
        .sum=${last}
        .sumShape=${[height, width]}
        .side=${side}
        .pixels=${opened.pixels}
        label=${words}
      ></chexgpu-heat>
      <figcaption>${words}</figcaption>
    </figure>
    ${
      empty
        ? html`<p class="message doubt">Nothing in the picture speaks for ${label}: the map is 0 everywhere.</p>`
        : nothing
    }
    ${
      step > 5
        ? html`<p class="quiet">
            p = ${number(probability)}. Put together here in double precision; the GPU's own Grad-CAM differs by
            ${number(off, 2)} at most.
          </p>`
        : nothing
    }`;
}
