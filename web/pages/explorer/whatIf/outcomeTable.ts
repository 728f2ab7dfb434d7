/** Before and after beside each other: what the network says of the picture, and the loss. */
import { html, nothing, type TemplateResult } from 'lit';
import { MINUS, number } from '../parts/numbers.js';
import type { Outcome } from './types.js';

/** Movements of less are none in the digits that are shown. */
const STILL = 5e-5;

function moveWords(from: number, to: number): string {
  const move = to - from;
  if (Math.abs(move) < STILL) return '0';
  return `${move < 0 ? MINUS : '+'}${Math.abs(move).toFixed(4)}`;
}

/** @param after null while it is computed */
export function outcomeTable(
  labels: readonly string[],
  before: Outcome,
  after: Outcome | null,
): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Probabilities and loss">
    <table class="outcome">
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col" class="picture"><span class="offscreen">In a picture</span></th>
          <th scope="col">Normal</th>
          <th scope="col">Changed</th>
          <th scope="col">Moves by</th>
          <th scope="col">After a step, normal</th>
          <th scope="col">changed</th>
        </tr>
      </thead>
      <tbody>
        ${before.probabilities.map((p, k) => row(labels[k] ?? `output ${k}`, k, before, after, p))}
        ${lossRow(before, after)}
      </tbody>
    </table>
  </div>`;
}

function row(label: string, k: number, before: Outcome, after: Outcome | null, p: number): TemplateResult {
  const q = after?.probabilities[k];
  const move = q === undefined ? '…' : moveWords(p, q);
  return html`<tr>
    <th scope="row">${label}</th>
    <td class="picture">${dumbbell(p, q)}</td>
    <td>${p.toFixed(4)}</td>
    <td>${q === undefined ? '…' : q.toFixed(4)}</td>
    <td class=${move === '0' || move === '…' ? '' : 'moved'}>${move}</td>
    <td>${before.stepped.probabilities[k].toFixed(4)}</td>
    <td>${after ? after.stepped.probabilities[k].toFixed(4) : '…'}</td>
  </tr>`;
}

function lossRow(before: Outcome, after: Outcome | null): TemplateResult {
  const words = (value: number | undefined) => (value === undefined ? '…' : number(value, 5));
  return html`<tr class="loss">
    <th scope="row">Loss, of the training pass</th>
    <td class="picture"></td>
    <td>${words(before.loss)}</td>
    <td>${words(after?.loss)}</td>
    <td>${after ? moveWords(before.loss, after.loss) : '…'}</td>
    <td>${words(before.stepped.loss)}</td>
    <td>${words(after?.stepped.loss)}</td>
  </tr>`;
}

/** From 0 to 1: a ring where it was, a dot where it is. */
function dumbbell(p: number, q: number | undefined): TemplateResult {
  const at = (value: number) => `${(100 * value).toFixed(2)}%`;
  const to = q ?? p;
  return html`<span class="track" aria-hidden="true">
    <i class="way" .style=${`left: ${at(Math.min(p, to))}; width: ${at(Math.abs(to - p))}`}></i>
    <i class="was" .style=${`left: ${at(p)}`}></i>
    ${q === undefined ? nothing : html`<i class="is" .style=${`left: ${at(q)}`}></i>`}
  </span>`;
}
