/** `<chexgpu-viewer>`: the X-ray, and beside it the same with the Grad-CAM of one finding; true boxes over both. */
import type { MapColours } from 'chexgpu';
import { css, html, LitElement, nothing, svg, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { createRef, ref } from 'lit/directives/ref.js';
import { context2d } from '../../parts/canvas.js';
import { tokens } from '../../parts/tokens.js';
import { heatPixels } from './heat.js';
import type { Explained, TrueBox } from './types.js';
import { words } from './words.js';

@customElement('chexgpu-viewer')
export class Viewer extends LitElement {
  static override styles = [
    tokens,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr));
        gap: 12px;
      }
      figure {
        margin: 0;
        min-width: 0;
      }
      .film {
        position: relative;
        aspect-ratio: 1;
        background: #05080a;
        border-radius: var(--radius);
        overflow: hidden;
        display: grid;
        place-items: center;
      }
      .stack {
        position: relative;
        width: 100%;
        height: 100%;
        display: grid;
        place-items: center;
      }
      canvas,
      svg {
        grid-area: 1 / 1;
        width: 100%;
        height: 100%;
        object-fit: contain;
      }
      canvas.heat {
        image-rendering: auto;
      }
      rect {
        fill: none;
        stroke: #7fe3ef;
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
        stroke-dasharray: 5 3;
      }
      rect.chosen {
        stroke: #ffffff;
        stroke-width: 2.5;
        stroke-dasharray: none;
      }
      figcaption {
        margin-top: 6px;
        font-size: 13.5px;
        color: var(--muted);
      }
      .wait {
        position: absolute;
        inset: auto 0 0 0;
        padding: 10px 14px;
        color: #dfe7ec;
        background: rgb(5 8 10 / 72%);
        font-size: 13.5px;
      }
    `,
  ];

  @property({ attribute: false }) accessor bitmap: ImageBitmap | null = null;
  @property({ attribute: false }) accessor map: Explained | null = null;
  @property() accessor name = '';
  /** The finding that is explained. */
  @property() accessor label = '';
  @property({ type: Number }) accessor opacity = 0.6;
  @property() accessor colours: MapColours = 'uniform';
  @property({ attribute: false }) accessor boxes: readonly TrueBox[] = [];
  /** Said over the second picture while there is no map. */
  @property() accessor waitsFor = '';

  private readonly film = createRef<HTMLCanvasElement>();
  private readonly under = createRef<HTMLCanvasElement>();
  private readonly heat = createRef<HTMLCanvasElement>();

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('bitmap')) {
      for (const { value } of [this.film, this.under]) if (value) paintFilm(value, this.bitmap);
    }
    if (changed.has('map') || changed.has('colours')) {
      if (this.heat.value) paintHeat(this.heat.value, this.map, this.colours);
    }
  }

  private boxesOver(): TemplateResult | typeof nothing {
    const { bitmap, boxes } = this;
    if (!bitmap || boxes.length === 0) return nothing;
    const { width, height } = bitmap;
    return html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">
      ${boxes.map(
        ({ label, x, y, w, h }) => svg`<rect
          class=${label === this.label ? 'chosen' : ''}
          x=${x * width} y=${y * height} width=${w * width} height=${h * height}
        ><title>${words(label)}</title></rect>`,
      )}
    </svg>`;
  }

  override render(): TemplateResult {
    const { map, label, waitsFor, name } = this;
    const what = words(label);
    const caption = map?.empty
      ? `Nothing in this X-ray speaks for ${what}: the map is zero everywhere.`
      : map
        ? `Grad-CAM of ${what}, p = ${map.probability.toFixed(3)}`
        : 'Grad-CAM';
    return html`
      <figure>
        <div class="film">
          <canvas ${ref(this.film)} role="img" aria-label="X-ray ${name}" width="1" height="1"></canvas>
          ${this.boxesOver()}
        </div>
        <figcaption>${name}</figcaption>
      </figure>
      <figure>
        <div class="film">
          <canvas ${ref(this.under)} aria-hidden="true" width="1" height="1"></canvas>
          <canvas
            ${ref(this.heat)}
            class="heat"
            role="img"
            aria-label=${caption}
            width="1"
            height="1"
            .style=${`opacity: ${this.opacity}`}
          ></canvas>
          ${this.boxesOver()} ${waitsFor ? html`<span class="wait">${waitsFor}</span>` : nothing}
        </div>
        <figcaption aria-live="polite">${caption}</figcaption>
      </figure>
    `;
  }
}

function paintFilm(canvas: HTMLCanvasElement, bitmap: ImageBitmap | null): void {
  canvas.width = bitmap?.width ?? 1;
  canvas.height = bitmap?.height ?? 1;
  if (bitmap) context2d(canvas).drawImage(bitmap, 0, 0);
}

function paintHeat(canvas: HTMLCanvasElement, map: Explained | null, colours: MapColours): void {
  canvas.width = map?.width ?? 1;
  canvas.height = map?.height ?? 1;
  if (!map || map.empty) return;
  context2d(canvas).putImageData(heatPixels(map, colours), 0, 0);
}
