/** `<chexgpu-heat>`: a sum of channels between its pixels, a class activation map, or that over the picture. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { context2d } from '../../../parts/canvas.js';
import { heatPixels } from '../../reader/heat.js';
import type { Pixels } from '../inWorker/run.js';
import { largestOf, NEGATIVE, POSITIVE } from '../parts/sheet.js';

@customElement('chexgpu-heat')
export class ChexgpuHeat extends LitElement {
  static override styles = css`
    canvas {
      display: block;
      width: min(320px, 100%);
      image-rendering: pixelated;
      border-radius: 6px;
    }
  `;

  @property() accessor mode: 'smooth' | 'heat' | 'overlay' = 'overlay';
  /** map[side,side], 0 to 1. */
  @property({ attribute: false }) accessor map: Float32Array = new Float32Array();
  /** sum[h,w] */
  @property({ attribute: false }) accessor sum: Float32Array = new Float32Array();
  @property({ attribute: false }) accessor sumShape: readonly [number, number] = [1, 1];
  @property({ type: Number }) accessor side = 1;
  @property({ attribute: false }) accessor pixels: Pixels | null = null;
  @property() accessor label = '';
  @query('canvas') private accessor canvas: HTMLCanvasElement | null = null;

  override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.label}></canvas>`;
  }

  override updated(): void {
    const { canvas, mode, side } = this;
    if (!canvas) return;
    canvas.width = side;
    canvas.height = side;
    const context = context2d(canvas);
    if (mode === 'smooth') context.putImageData(this.smooth(), 0, 0);
    else {
      if (mode === 'overlay') context.putImageData(this.picture(), 0, 0);
      const heat = new OffscreenCanvas(side, side);
      const inner = heat.getContext('2d', { willReadFrequently: true });
      inner?.putImageData(heatPixels({ map: this.map, width: side, height: side }, 'uniform'), 0, 0);
      context.drawImage(heat, 0, 0);
    }
  }

  /** Gray bytes. */
  private picture(): ImageData {
    const { side, pixels } = this;
    const image = new ImageData(side, side);
    const channels = pixels?.channels ?? 1;
    for (let i = 0; i < side * side; i++) {
      const value = pixels?.values[i * channels] ?? 0;
      image.data.set([value, value, value, 255], 4 * i);
    }
    return image;
  }

  /** As OpenCV resizes: pixels' centres, and straight lines between them. */
  private smooth(): ImageData {
    const { side, sum } = this;
    const [height, width] = this.sumShape;
    const most = largestOf(sum) || 1;
    const image = new ImageData(side, side);
    const place = (o: number, size: number) => {
      const at = Math.max(0, Math.min(size - 1, ((o + 0.5) * size) / side - 0.5));
      const low = Math.floor(at);
      return { low, high: Math.min(size - 1, low + 1), share: at - low };
    };
    for (let y = 0; y < side; y++) {
      const row = place(y, height);
      for (let x = 0; x < side; x++) {
        const column = place(x, width);
        const along = (line: number) =>
          sum[line * width + column.low] * (1 - column.share) +
          sum[line * width + column.high] * column.share;
        const value = along(row.low) * (1 - row.share) + along(row.high) * row.share;
        const strength = 255 * Math.min(1, Math.abs(value) / most) ** 0.8;
        image.data.set([...(value < 0 ? NEGATIVE : POSITIVE), strength], 4 * (y * side + x));
      }
    }
    return image;
  }
}
