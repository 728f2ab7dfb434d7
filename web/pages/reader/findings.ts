/** `<chexgpu-findings>`: probabilities as bars with operating points; sends `explain` with the class chosen. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { tokens } from '../../parts/tokens.js';
import { words } from './words.js';

@customElement('chexgpu-findings')
export class Findings extends LitElement {
  static override styles = [
    tokens,
    css`
      button {
        font: inherit;
        font-size: 14px;
        color: inherit;
        background: transparent;
        border: 0;
        width: 100%;
        padding: 5px 8px;
        border-radius: 7px;
        display: grid;
        grid-template-columns: minmax(0, 9.6em) minmax(40px, 1fr) 3.2em;
        gap: 0 10px;
        align-items: center;
        text-align: left;
        cursor: pointer;
        min-height: 34px;
      }
      .judged button {
        grid-template-columns: minmax(0, 9.6em) minmax(40px, 1fr) 3.2em 4.4em;
      }
      button:hover:not(:disabled) {
        background: var(--sunken);
      }
      button[aria-pressed='true'] {
        background: var(--accent-soft);
        box-shadow: inset 3px 0 0 var(--accent);
      }
      button:disabled {
        cursor: default;
      }
      .name {
        display: flex;
        align-items: center;
        gap: 6px;
        min-width: 0;
      }
      .name > span:first-child {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .drawn {
        flex: none;
        width: 9px;
        height: 9px;
        border: 2px solid var(--truth);
        border-radius: 2px;
      }
      .track {
        position: relative;
        height: 8px;
        border-radius: 4px;
        background: var(--sunken);
      }
      .fill {
        position: absolute;
        inset: 0 auto 0 0;
        border-radius: 4px;
        background: var(--line-strong);
      }
      .found .fill {
        background: var(--found);
      }
      .point {
        position: absolute;
        top: -4px;
        bottom: -4px;
        width: 2px;
        margin-left: -1px;
        background: var(--ink);
      }
      .value {
        font-variant-numeric: tabular-nums;
        text-align: right;
      }
      .verdict {
        font-size: 12.5px;
        color: var(--muted);
        white-space: nowrap;
      }
      .found .verdict {
        color: var(--found);
        font-weight: 650;
      }
      .found .value {
        font-weight: 650;
      }
      @media (prefers-reduced-motion: no-preference) {
        .fill {
          transition: width 0.25s ease-out;
        }
      }
    `,
  ];

  @property({ attribute: false }) accessor labels: readonly string[] = [];
  @property({ attribute: false }) accessor probabilities: Float32Array | null = null;
  /** One per label; null where there are none. */
  @property({ attribute: false }) accessor thresholds: readonly number[] | null = null;
  @property({ type: Number }) accessor selected = -1;
  /** What a phantom was drawn with. */
  @property({ attribute: false }) accessor truth: readonly string[] = [];

  // Styles are set as properties: the policy refuses them as attributes.
  private row(label: string, index: number): TemplateResult {
    const p = this.probabilities?.[index];
    const point = this.thresholds?.[index];
    const found = p !== undefined && point !== undefined && p >= point;
    const verdict = p === undefined || point === undefined ? '' : found ? 'found' : 'not found';
    const isDrawn = this.truth.includes(label);
    return html`<li data-label=${label} data-probability=${p ?? nothing}>
      <button
        type="button"
        class=${found ? 'found' : ''}
        aria-pressed=${index === this.selected}
        ?disabled=${p === undefined}
        @click=${() => this.dispatchEvent(new CustomEvent('explain', { detail: index }))}
      >
        <span class="name">
          <span>${words(label)}</span>
          ${isDrawn ? html`<span class="drawn" title="drawn in this phantom"></span>` : nothing}
        </span>
        <span class="track">
          <span class="fill" .style=${`width: ${100 * (p ?? 0)}%`}></span>
          ${
            point === undefined
              ? nothing
              : html`<span class="point" .style=${`left: ${100 * point}%`}></span>`
          }
        </span>
        <span class="value">${p === undefined ? '–' : p.toFixed(3)}</span>
        ${this.thresholds ? html`<span class="verdict">${verdict}</span>` : nothing}
        ${isDrawn ? html`<span class="offscreen">, drawn in this phantom</span>` : nothing}
      </button>
    </li>`;
  }

  override render(): TemplateResult {
    return html`<ol aria-label="Findings" class=${this.thresholds ? 'judged' : ''}>
      ${this.labels.map((label, index) => this.row(label, index))}
    </ol>`;
  }
}
