/** The weights that make one channel, before and after the step, as tiles. */
import { html, type TemplateResult } from 'lit';
import { largestOf, type Picked } from '../../parts/sheet.js';
import type { View } from '../view.js';

const MOST = 16;

/** @param tile side of all of a row of tiles, in CSS pixels */
export function kernelSheets(view: View, name: string, channel: number, tile: number): TemplateResult {
  const { values, opened, graph } = view;
  const hasWeights = ['conv', 'dense', 'batchnorm'].includes(graph.layer(name).kind);
  if (!hasWeights) return html`<p class="quiet none">It has no weights: nothing to update.</p>`;
  const slice = opened && values.kernel(name, channel);
  if (!slice) return html`<p class="quiet none">…</p>`;
  const { rows, columns, cin, before, gradient, after } = slice;
  const step = after.map((value, i) => value - before[i]);
  const isFlat = rows === 1;
  const shape = isFlat
    ? [1, Math.ceil(Math.sqrt(cin)), Math.ceil(Math.sqrt(cin)), 1]
    : [1, rows, columns, cin];
  const shown = isFlat ? 1 : Math.min(cin, MOST);
  const across = Math.ceil(Math.sqrt(shown));
  const padded = (some: Float32Array) => {
    if (!isFlat) return some;
    const all = new Float32Array(shape[1] * shape[2]);
    all.set(some);
    return all;
  };
  const most = largestOf(before);
  // A tile is a channel of the input; of 1x1 convolutions and dense layers a pixel is.
  const pick = ({ detail: { channel: tile, y, x } }: CustomEvent<Picked>) => {
    const ci = isFlat ? Math.min(cin - 1, y * shape[2] + x) : tile;
    const { kind } = graph.layer(name);
    const index = kind === 'conv' ? [isFlat ? 0 : y, isFlat ? 0 : x, ci, channel] : [ci, channel];
    view.go({ level: 'pixel', weight: `${slice.key}[${kind === 'batchnorm' ? channel : index}]` });
  };
  const sheet = (title: string, data: Float32Array, strongest: number) => html`<figure>
    <chexgpu-sheet
      .data=${{ shape, values: padded(data) }}
      .to=${shown}
      .columns=${across}
      .tile=${Math.max(12, Math.floor(tile / across) - 3)}
      .most=${strongest}
      pickable
      @pick=${pick}
      label=${`${title} of ${slice.key}, channel ${channel}`}
    ></chexgpu-sheet>
    <figcaption>${title}</figcaption>
  </figure>`;
  return html`<div class="kernels">
    ${sheet('before', before, most)} ${sheet('gradient', gradient, 0)} ${sheet('step', step, 0)}
    ${sheet('after', after, most)}
  </div>`;
}
