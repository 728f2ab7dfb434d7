/** `<chexgpu-line-chart>`: curves in a frame with axes, drawn by hand as SVG at the size that there is. */
import { css, html, LitElement, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { chart } from '../../parts/chart.js';
import { tokens } from '../../parts/tokens.js';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Which of the colours; `faint` for what stands behind the others. */
  readonly colour: number | 'faint';
  /** Marks each point; one that is alone is marked in any case. */
  readonly dots?: boolean;
  /** Left out of the legend. */
  readonly unnamed?: boolean;
}

const MARGIN = { left: 46, right: 12, top: 10, bottom: 36 };
/** Points that are drawn of a series; more of them become means of neighbours. */
const MOST_POINTS = 500;

/** Ticks at 1, 2 or 5 times a power of ten, about `count` of them. */
function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

function thinned(points: Series['points']): Series['points'] {
  if (points.length <= MOST_POINTS) return points;
  const each = Math.ceil(points.length / MOST_POINTS);
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const part = points.slice(i * each, (i + 1) * each);
    const mean = (axis: 0 | 1) => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    return [mean(0), mean(1)] as const;
  });
}

interface Frame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
}

@customElement('chexgpu-line-chart')
export class LineChart extends LitElement {
  static override styles = [
    tokens,
    chart,
    css`
      :host {
        --c3: light-dark(#2c6e31, #86d18a);
      }
      svg {
        overflow: visible;
      }
      .axis {
        stroke: var(--line-strong);
        stroke-width: 1;
      }
      .rule {
        stroke: var(--line-strong);
        stroke-dasharray: 3 4;
      }
      path {
        fill: none;
        stroke-width: 2;
        stroke-linejoin: round;
      }
      path.faint {
        stroke-width: 1.2;
      }
      .c0 {
        stroke: var(--c0);
      }
      .c1 {
        stroke: var(--c1);
      }
      .c2 {
        stroke: var(--c2);
      }
      .c3 {
        stroke: var(--c3);
      }
      .faint {
        stroke: light-dark(#a9b6c1, #55656f);
      }
      circle {
        fill: var(--surface);
        stroke-width: 2;
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        margin-bottom: 6px;
        font-size: 13px;
        color: var(--muted);
      }
      li {
        display: inline-flex;
        align-items: center;
        gap: 7px;
      }
      li svg {
        width: 18px;
        height: 10px;
        flex: none;
      }
    `,
  ];

  @property({ attribute: false }) accessor series: readonly Series[] = [];
  /** Of the picture, in words. */
  @property() accessor words = '';
  @property() accessor xTitle = '';
  @property() accessor yTitle = '';
  /** Ends of the axes; left out, those of the points. */
  @property({ attribute: false }) accessor xRange: readonly [number, number] | null = null;
  @property({ attribute: false }) accessor yRange: readonly [number, number] | null = null;
  /** Vertical rules, at ends of epochs. */
  @property({ attribute: false }) accessor rules: readonly number[] = [];
  /** Draws the line from corner to corner: what guessing gives. */
  @property({ type: Boolean }) accessor diagonal = false;
  /** What is counted along the x axis has no halves. */
  @property({ type: Boolean }) accessor whole = false;
  @property({ type: Number }) accessor height = 220;
  @state() private accessor width = 480;
  private readonly watch = new ResizeObserver(([entry]) => {
    this.width = Math.max(200, Math.floor(entry.contentRect.width));
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch.disconnect();
  }

  private ends(axis: 0 | 1, given: readonly [number, number] | null): readonly [number, number] {
    if (given) return given;
    const values = this.series.flatMap(({ points }) => points.map((point) => point[axis]));
    if (values.length === 0) return [0, 1];
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
  }

  private frame(): Frame {
    const domain = this.ends(0, this.xRange);
    const range = this.ends(1, this.yRange);
    const { left, right, top, bottom } = MARGIN;
    const [w, h] = [this.width - left - right, this.height - top - bottom];
    return {
      domain,
      range,
      x: (value) => left + (w * (value - domain[0])) / (domain[1] - domain[0]),
      y: (value) => top + h - (h * (value - range[0])) / (range[1] - range[0]),
    };
  }

  private axes({ x, y, domain, range }: Frame): SVGTemplateResult {
    const [left, right] = domain.map(x);
    const [bottom, top] = range.map(y);
    return svg`
      ${ticks(range[0], range[1], 4).map(
        (value) => svg`<line class="grid" x1=${left} x2=${right} y1=${y(value)} y2=${y(value)} />
          <text x=${left - 8} y=${y(value) + 4} text-anchor="end">${value}</text>`,
      )}
      ${ticks(domain[0], domain[1], Math.min(8, this.width / 70))
        .filter((value) => !this.whole || Number.isInteger(value))
        .map((value) => svg`<text x=${x(value)} y=${bottom + 16} text-anchor="middle">${value}</text>`)}
      ${this.rules.map((value) => svg`<line class="rule" x1=${x(value)} x2=${x(value)} y1=${top} y2=${bottom} />`)}
      ${this.diagonal ? svg`<line class="rule" x1=${left} y1=${bottom} x2=${right} y2=${top} />` : nothing}
      <line class="axis" x1=${left} x2=${right} y1=${bottom} y2=${bottom} />
      <text x=${(left + right) / 2} y=${this.height - 3} text-anchor="middle">${this.xTitle}</text>
    `;
  }

  private curve({ points, colour, dots }: Series, { x, y }: Frame): SVGTemplateResult {
    const name = colour === 'faint' ? 'faint' : `c${colour}`;
    const at = thinned(points).map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`);
    return svg`<path class=${name} d=${at.length > 0 ? `M${at.join('L')}` : ''} />
      ${
        dots || points.length === 1
          ? points.map(
              ([px, py]) =>
                svg`<circle class=${name} cx=${x(px).toFixed(1)} cy=${y(py).toFixed(1)} r="3.5" />`,
            )
          : nothing
      }`;
  }

  override render(): TemplateResult {
    const frame = this.frame();
    const named = this.series.filter(({ unnamed }) => !unnamed);
    return html`
      <ul aria-hidden="true">
        ${named.map(
          ({ name, colour }) => html`<li>
            <svg viewBox="0 0 18 10">
              ${svg`<path class=${colour === 'faint' ? 'faint' : `c${colour}`} d="M0 5h18" />`}
            </svg>
            ${name}
          </li>`,
        )}
      </ul>
      <svg
        role="img"
        aria-label=${this.words}
        viewBox="0 0 ${this.width} ${this.height}"
        height=${this.height}
      >
        ${this.axes(frame)} ${this.series.map((one) => this.curve(one, frame))}
      </svg>
    `;
  }
}
