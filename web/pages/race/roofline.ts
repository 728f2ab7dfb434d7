/** `<chexgpu-roofline>`: kernels under the two ceilings of an adapter, on logarithmic axes, drawn by hand as SVG. */
import { css, html, LitElement, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { KernelRow } from '../../../bench/kernels/kernelRows.js';
import { milliseconds, percent, threeDigits } from '../../../src/core/formatting.js';
import { type Peaks, roof } from '../../../src/engine/timing/peaks.js';
import { chart } from '../../parts/chart.js';
import { tokens } from '../../parts/tokens.js';
import { FAMILIES, type Plot, plotOf, tickWords } from './rooflinePlot.js';

const HEIGHT = 340;

function wordsOf(row: KernelRow): string {
  const { op, variant, shape, gflops, flops, bytes, ofPeak, ms, bound } = row;
  const by = bound === 'memory' ? 'memory' : 'multiply-adds';
  return (
    `${op}.${variant} on ${shape}: ${threeDigits(gflops)} GFLOP/s at ${threeDigits(flops / bytes)} FLOPs per byte, ` +
    `${percent(ofPeak)} of what ${by} allow, ${milliseconds(ms)} a time`
  );
}

@customElement('chexgpu-roofline')
export class Roofline extends LitElement {
  static override styles = [
    tokens,
    chart,
    css`
      :host {
        --c3: light-dark(#55636f, #9aa8b4);
      }
      text.peak {
        fill: var(--ink);
        paint-order: stroke;
        stroke: var(--surface);
        stroke-width: 4px;
      }
      .roof {
        fill: none;
        stroke: var(--ink);
        stroke-width: 2;
        stroke-linejoin: round;
      }
      circle {
        stroke: var(--surface);
        stroke-width: 1;
        fill-opacity: 0.8;
        cursor: pointer;
      }
      circle:focus-visible,
      circle.active {
        stroke: var(--ink);
        stroke-width: 2.5;
        fill-opacity: 1;
        outline: none;
      }
      .c0 {
        fill: var(--c0);
      }
      .c1 {
        fill: var(--c1);
      }
      .c2 {
        fill: var(--c2);
      }
      .c3 {
        fill: var(--c3);
      }
      ul {
        list-style: none;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        margin: 0 0 4px;
        padding: 0;
        font-size: 13px;
        color: var(--muted);
      }
      li {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }
      li svg {
        width: 10px;
        height: 10px;
      }
      #named {
        min-height: 3em;
        font-size: 13.5px;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) accessor rows: readonly KernelRow[] = [];
  @property({ attribute: false }) accessor peaks: Peaks | null = null;
  @state() private accessor width = 480;
  @state() private accessor active = -1;
  private readonly watch = new ResizeObserver(([entry]) => {
    this.width = Math.max(240, Math.floor(entry.contentRect.width));
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch.disconnect();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('rows')) this.active = -1;
  }

  /** Along the dots from left to right. */
  private key(event: KeyboardEvent, count: number): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.active = (Math.max(0, this.active) + step + count) % count;
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<SVGElement>('circle[tabindex="0"]')?.focus(),
    );
  }

  private axes({ x, y, xTicks, yTicks, box }: Plot): SVGTemplateResult {
    return svg`
      ${xTicks.map(
        (value) => svg`<line class="grid" x1=${x(value)} x2=${x(value)} y1=${box.top} y2=${box.bottom} />
          <text x=${x(value)} y=${box.bottom + 17} text-anchor="middle">${tickWords(value)}</text>`,
      )}
      ${yTicks.map(
        (value) => svg`<line class="grid" x1=${box.left} x2=${box.right} y1=${y(value)} y2=${y(value)} />
          <text x=${box.left - 7} y=${y(value) + 4} text-anchor="end">${tickWords(value)}</text>`,
      )}
      <text x=${box.left} y=${box.top - 10}>GFLOP/s</text>
      <text x=${(box.left + box.right) / 2} y=${HEIGHT - 4} text-anchor="middle">FLOPs per byte</text>`;
  }

  private ceilings({ x, y, xDomain, yDomain, box }: Plot, peaks: Peaks): SVGTemplateResult {
    const bend = peaks.gflops / peaks.gbs;
    // In the middle of the part of the slope that is seen.
    const slope = Math.sqrt(Math.max(xDomain[0], yDomain[0] / peaks.gbs) * bend);
    const corners = [Math.max(xDomain[0], yDomain[0] / peaks.gbs), bend, xDomain[1]].map(
      (at) => `${x(at)},${y(roof(at, peaks))}`,
    );
    const label = `${threeDigits(peaks.gflops)} GFLOP/s`;
    return svg`<polyline class="roof" points=${corners.join(' ')} />
      <text class="peak" x=${box.right} y=${y(peaks.gflops) - 8} text-anchor="end">${label}</text>
      <text class="peak" x=${x(slope) + 12} y=${y(roof(slope, peaks)) + 16}>
        ${threeDigits(peaks.gbs)} GB/s
      </text>`;
  }

  private dots({ dots }: Plot): SVGTemplateResult[] {
    const tab = Math.max(0, this.active);
    return dots.map(
      ({ row, cx, cy, r, family }, i) => svg`<circle
        class="c${family} ${i === this.active ? 'active' : ''}"
        cx=${cx.toFixed(1)}
        cy=${cy.toFixed(1)}
        r=${r.toFixed(1)}
        role="img"
        tabindex=${i === tab ? 0 : -1}
        aria-label=${wordsOf(row)}
        @focus=${() => {
          this.active = i;
        }}
        @pointerenter=${() => {
          this.active = i;
        }}
        @pointerdown=${() => {
          this.active = i;
        }}
      />`,
    );
  }

  override render(): TemplateResult {
    const { peaks, rows, width } = this;
    if (!peaks) return html``;
    const plot = plotOf(rows, peaks, { width, height: HEIGHT });
    const named = plot.dots[this.active];
    const seen = new Set(plot.dots.map(({ family }) => family));
    return html`
      <ul aria-hidden="true">
        ${FAMILIES.map((name, i) =>
          seen.has(i)
            ? html`<li>
                <svg viewBox="0 0 10 10">${svg`<circle class="c${i}" cx="5" cy="5" r="5" />`}</svg>
                ${name}
              </li>`
            : nothing,
        )}
      </ul>
      <svg
        role="group"
        aria-label="Roofline: GFLOP/s over FLOPs per byte, both logarithmic. ${plot.dots.length} kernels under
          ${threeDigits(peaks.gflops)} GFLOP/s and ${threeDigits(peaks.gbs)} GB/s. Arrow keys go along the dots."
        viewBox="0 0 ${width} ${HEIGHT}"
        height=${HEIGHT}
        @keydown=${(event: KeyboardEvent) => this.key(event, plot.dots.length)}
      >
        ${this.axes(plot)} ${this.ceilings(plot, peaks)} ${this.dots(plot)}
      </svg>
      <p id="named">${named ? wordsOf(named.row) : 'Point at a dot, or go along them with the arrow keys.'}</p>
    `;
  }
}
