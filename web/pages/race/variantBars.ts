/** Bars of how many times as fast as the naive kernel each variant is, one group per operation. */
import { html, type TemplateResult } from 'lit';
import type { VariantTotal } from '../../../bench/kernels/kernelRows.js';
import { milliseconds, percent, threeDigits } from '../../../src/core/formatting.js';

/** Operations that are drawn: those with most time stand first; the table has all. */
const MOST_OPS = 8;
/** A bar that can be seen. */
const LEAST_PERCENT = 0.8;

export function variantBars(totals: readonly VariantTotal[]): TemplateResult {
  const compared = totals.filter(({ overNaive }) => overNaive);
  const ops = [...new Set(compared.map(({ op }) => op))].slice(0, MOST_OPS);
  const most = Math.max(...compared.map(({ overNaive }) => overNaive ?? 1));
  return html`<div class="bars">
    ${ops.map(
      (op) => html`<div class="op">
        <h3>${op}</h3>
        <ul>
          ${compared
            .filter((total) => total.op === op)
            .sort((a, b) => (a.overNaive ?? 0) - (b.overNaive ?? 0))
            .map(
              ({ variant, overNaive, chosen, ms, ofPeak }) => html`<li>
                <span class="name">${variant}${chosen > 0 ? ' *' : ''}</span>
                <span class="track" aria-hidden="true">
                  <span
                    class="bar ${chosen > 0 ? 'chosen' : ''}"
                    .style=${`width: ${Math.max(LEAST_PERCENT, (100 * (overNaive ?? 0)) / most).toFixed(1)}%`}
                  ></span>
                </span>
                <span class="factor">${threeDigits(overNaive ?? 1)} ×</span>
                <span class="note">${milliseconds(ms)}, ${percent(ofPeak)} of peak</span>
              </li>`,
            )}
        </ul>
      </div>`,
    )}
  </div>`;
}
