/** A buffer at the point where the plan stands: whose it is, a picture of its numbers, and the numbers. */
import { html, nothing, type TemplateResult } from 'lit';
import { percent, plural, whole } from '../../../../src/core/formatting.js';
import { number } from '../parts/numbers.js';
import { type BufferView, indexOf, MOST_PICTURES, nameOf, viewOf } from './bufferView.js';
import type { DebuggedDispatch, Look } from './types.js';
import '../parts/sheet.js';

export type Buffer = DebuggedDispatch['buffers'][number];

/** Rows and columns of numbers. */
const MOST_NUMBERS = 12;

/** What the look is asked for, and how others are. */
export interface Looking {
  readonly dispatch: DebuggedDispatch;
  readonly buffer: Buffer;
  readonly look: Look | null;
  readonly at: number;
  readonly set: number;
  readonly from: number;
  /** Width that there is, in CSS pixels. */
  readonly width: number;
  readonly labelOf: (index: number) => string;
  readonly go: (change: { set?: number; from?: number }) => void;
}

export function sliceWords({ channels, firstChannel, shape }: Buffer): string {
  const own = shape[3];
  if (channels === own) return '';
  return `channels ${firstChannel} to ${firstChannel + own - 1} of a buffer of ${channels}`;
}

export function bufferLook(given: Looking): TemplateResult {
  const { buffer, look } = given;
  const view = viewOf(buffer.label, buffer.shape);
  // An address may ask for more than there is; what was read is the last then.
  const set = Math.min(given.set, view.sets - 1);
  const looking = { ...given, set, from: Math.min(given.from, view.planes - 1) };
  const slice = sliceWords(buffer);
  const { kind, planeWord, rows, columns } = view;
  const pictured =
    kind === 'vector' || kind === 'matrix'
      ? `${rows} x ${columns} numbers as one picture`
      : `${plural(view.planes, planeWord)} of ${rows} x ${columns}`;
  return html`<p>
      <b>${buffer.label}</b> [${buffer.shape.join(', ')}]${slice ? html`, ${slice}` : nothing}: ${pictured}.
    </p>
    ${slice ? sliceBar(buffer) : nothing}
    ${look ? history(looking, look) : html`<p class="quiet">Reading …</p>`}
    ${pager(looking, view)}
    ${look ? pictures(looking, view, look) : nothing}
    ${look ? figures(look) : nothing}
    ${look ? numbers(looking, view, look, set) : nothing}`;
}

/** Which channels of the buffer are meant. */
function sliceBar({ channels, firstChannel, shape }: Buffer): TemplateResult {
  const share = (value: number) => `${(100 * value) / channels}%`;
  return html`<div
    class="slice"
    role="img"
    aria-label=${`Channels ${firstChannel} to ${firstChannel + shape[3] - 1} of ${channels}`}
  >
    <i .style=${`left: ${share(firstChannel)}; width: ${share(shape[3])}`}></i>
  </div>`;
}

/** Who wrote it last, and whether it is still what the dispatch means. */
function history({ dispatch, buffer, labelOf, at }: Looking, { writer, takenBy }: Look): TemplateResult {
  const { index } = dispatch;
  const by = writer === null ? '' : `dispatch ${writer + 1}, ${labelOf(writer)}`;
  if (takenBy !== null) {
    return html`<p class="message doubt">
      Its memory belongs to <b>${takenBy}</b> by now: ${by} wrote there. The plan shares memory between tensors that do
      not live at the same time; run to dispatch ${index + 1} to see it.
    </p>`;
  }
  if (writer === null) {
    const words =
      buffer.writes && at <= index ? 'Nothing has written to it yet.' : 'It was there before the plan began.';
    return html`<p class="quiet">${words}</p>`;
  }
  if (buffer.writes && at <= index) {
    return html`<p class="quiet">Dispatch ${index + 1} has not run yet: this is what ${by} left there.</p>`;
  }
  return html`<p class="quiet">Written last by ${by}${writer > index ? ', after this dispatch' : ''}.</p>`;
}

function pager({ set, from, go }: Looking, view: BufferView): TemplateResult {
  const { sets, setWord, planes, planeWord } = view;
  const last = Math.min(planes, from + MOST_PICTURES);
  return html`<div class="row">
    ${
      sets > 1
        ? html`<label class="field"
            >${setWord} <input
              type="number"
              min="0"
              max=${sets - 1}
              .value=${String(set)}
              @change=${(event: Event) => {
                const input = event.target as HTMLInputElement;
                const typed = Number.isNaN(input.valueAsNumber) ? set : input.valueAsNumber;
                const next = Math.max(0, Math.min(sets - 1, Math.floor(typed)));
                // Written back as it is taken.
                input.value = String(next);
                go({ set: next });
              }}
            /> of ${sets}</label
          >`
        : nothing
    }
    ${
      planes > MOST_PICTURES
        ? html`<button
              type="button"
              ?disabled=${from === 0}
              @click=${() => go({ from: Math.max(0, from - MOST_PICTURES) })}
            >
              Before
            </button>
            <span class="quiet">${planeWord}s ${from} to ${last - 1} of ${planes}</span>
            <button type="button" ?disabled=${last >= planes} @click=${() => go({ from: from + MOST_PICTURES })}>
              Behind
            </button>`
        : nothing
    }
  </div>`;
}

function pictures(
  { buffer, from, width }: Looking,
  { kind, rows, columns, planeWord }: BufferView,
  { pictures: values, count, least, greatest }: Look,
): TemplateResult {
  const most = Math.max(Math.abs(least), Math.abs(greatest));
  const isOne = count === 1;
  const tile = isOne ? Math.min(260, width - 8) : Math.min(76, Math.floor((width - 12) / 4) - 4);
  const across = isOne ? 1 : Math.max(1, Math.min(count, Math.floor(width / (tile + 4)), 12));
  const what =
    kind === 'map' || kind === 'kernel'
      ? `${planeWord}s ${from} to ${from + count - 1} of ${buffer.label}`
      : `Numbers of ${buffer.label}`;
  return html`<chexgpu-sheet
    .data=${{ shape: [1, rows, columns, count], values }}
    .from=${0}
    .to=${count}
    .columns=${across}
    .tile=${tile}
    .most=${Number.isFinite(most) ? most : 0}
    label=${`${what}, ${number(least, 3)} to ${number(greatest, 3)}: teal above 0, orange below`}
  ></chexgpu-sheet>`;
}

function figures({ numbers: count, least, greatest, mean, zeros, broken }: Look): TemplateResult {
  const facts = [
    ['Numbers', whole(count)],
    ['Least', number(least)],
    ['Greatest', number(greatest)],
    ['Mean', number(mean)],
    ['Zero', percent(zeros / count)],
    ...(broken > 0 ? [['Not finite', whole(broken)]] : []),
  ];
  return html`<dl class="facts">
    ${facts.map(([what, value]) => html`<div><dt>${what}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** The first picture's numbers, the least rows and columns first. */
function numbers(
  { buffer, from }: Looking,
  view: BufferView,
  { pictures: values, count, shape }: Look,
  set: number,
): TemplateResult {
  const { rows, columns, kind, planeWord } = view;
  const [high, wide] = [Math.min(rows, MOST_NUMBERS), Math.min(columns, MOST_NUMBERS)];
  const first = nameOf(shape, indexOf(view, { set, plane: from, row: 0, column: 0 }));
  const whose = kind === 'map' || kind === 'kernel' ? `${planeWord} ${from}` : 'the buffer';
  const cut = high < rows || wide < columns ? `, the first ${high} rows and ${wide} columns` : '';
  return html`<div class="numbers" tabindex="0" role="region" aria-label=${`Numbers of ${buffer.label}`}>
    <table>
      <caption>
        Of ${whose}, from ${first} on${cut}
      </caption>
      <tbody>
        ${Array.from(
          { length: high },
          (_, row) =>
            html`<tr>
              <th scope="row">${row}</th>
              ${Array.from({ length: wide }, (_, column) => {
                const index = indexOf(view, { set, plane: from, row, column });
                const isThere = index < shape.reduce((a, b) => a * b, 1);
                return html`<td>${isThere ? number(values[(row * columns + column) * count], 3) : ''}</td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
