/** `<chexgpu-data-figures>`: class frequencies, and what each side of each class adds to the loss, as the notebook. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { tokens } from '../../parts/tokens.js';
import { words } from '../reader/words.js';
import type { DataFacts } from './types.js';

interface Bar {
  readonly side: 'one' | 'other';
  readonly value: number;
}

@customElement('chexgpu-data-figures')
export class DataFigures extends LitElement {
  static override styles = [
    tokens,
    css`
      :host {
        display: block;
        container-type: inline-size;
      }
      .figures {
        display: grid;
        gap: 18px 26px;
        align-items: start;
      }
      @container (min-width: 560px) {
        .figures {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
      @container (min-width: 820px) {
        .figures {
          grid-template-columns: repeat(3, minmax(0, 1fr));
        }
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font-size: 13px;
      }
      caption {
        text-align: left;
        font-size: 14px;
        font-weight: 650;
        padding-bottom: 6px;
      }
      th {
        font-weight: 400;
        text-align: left;
        padding: 2px 10px 2px 0;
        white-space: nowrap;
        width: 1%;
      }
      td {
        padding: 2px 0;
      }
      td.number {
        text-align: right;
        width: 1%;
        padding-left: 8px;
        white-space: nowrap;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .bars {
        display: grid;
        gap: 1px;
      }
      .bar {
        height: 7px;
        min-width: 1px;
        border-radius: 0 3px 3px 0;
      }
      .alone {
        height: 12px;
      }
      .one {
        background: var(--accent);
      }
      .other {
        background: var(--found);
      }
      .key {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 18px;
        font-size: 13px;
        color: var(--muted);
      }
      .key span {
        display: inline-flex;
        align-items: center;
        gap: 7px;
      }
      .key i {
        width: 14px;
        height: 8px;
        border-radius: 2px;
      }
    `,
  ];

  @property({ attribute: false }) accessor facts: DataFacts | null = null;

  private table(
    caption: string,
    columns: readonly string[],
    bars: (c: number) => readonly Bar[],
    numbers: (c: number) => readonly string[],
    most: number,
  ): TemplateResult {
    const labels = this.facts?.labels ?? [];
    return html`<table>
      <caption>
        ${caption}
      </caption>
      <thead class="offscreen">
        <tr>
          <th scope="col">finding</th>
          <td></td>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${labels.map(
          (label, c) => html`<tr>
            <th scope="row">${words(label)}</th>
            <td>
              <div class="bars">
                ${bars(c).map(
                  ({ side, value }, _, all) => html`<div
                    class="bar ${side} ${all.length === 1 ? 'alone' : ''}"
                    .style=${`width: ${(100 * value) / (most || 1)}%`}
                  ></div>`,
                )}
              </div>
            </td>
            ${numbers(c).map((text) => html`<td class="number">${text}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>`;
  }

  override render(): TemplateResult | typeof nothing {
    const { facts } = this;
    if (!facts) return nothing;
    const { positive, negative, weightedPositive, weightedNegative, counts } = facts;
    const pair = (one: readonly number[], other: readonly number[]) => (c: number) =>
      [
        { side: 'one', value: one[c] },
        { side: 'other', value: other[c] },
      ] as const;
    const numbers = (one: readonly number[], other: readonly number[]) => (c: number) => [
      one[c].toFixed(2),
      other[c].toFixed(2),
    ];
    const sides = ['positive', 'negative'];
    return html`<div class="figures">
      ${this.table(
        'Class frequencies of the training images',
        ['images', 'share'],
        (c) => [{ side: 'one', value: positive[c] }],
        (c) => [String(counts[c]), `${(100 * positive[c]).toFixed(1)} %`],
        Math.max(...positive),
      )}
      ${this.table(
        'Contributions to the loss',
        sides,
        pair(positive, negative),
        numbers(positive, negative),
        1,
      )}
      ${this.table(
        'The same, weighted',
        sides,
        pair(weightedPositive, weightedNegative),
        numbers(weightedPositive, weightedNegative),
        1,
      )}
      <p class="key">
        <span><i class="one"></i>positive: with the finding</span>
        <span><i class="other"></i>negative: without it</span>
        <span>
          Each positive is weighted by the share of negatives, and the other way round, so that both count alike.
        </span>
      </p>
    </div>`;
  }
}
