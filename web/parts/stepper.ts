/** From one picture to the one before and the one behind it. */
import { css, html, type TemplateResult } from 'lit';
import { icons } from './icons.js';

export const stepperStyles = css`
  .place {
    font-size: 14px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
    min-width: 4.6em;
    text-align: center;
  }
`;

/** @param what is stepped through @param at the current one; -1 for none */
export function stepper(what: string, at: number, count: number, step: (by: 1 | -1) => void): TemplateResult {
  return html`<button
      type="button"
      class="square"
      aria-label="Previous ${what}"
      ?disabled=${at <= 0}
      @click=${() => step(-1)}
    >
      ${icons.previous}
    </button>
    <span class="place">${at + 1} of ${count}</span>
    <button
      type="button"
      class="square"
      aria-label="Next ${what}"
      ?disabled=${at < 0 || at >= count - 1}
      @click=${() => step(1)}
    >
      ${icons.next}
    </button>`;
}
