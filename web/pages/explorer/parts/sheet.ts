/**
 * `<chexgpu-sheet>`: channels of a map as tiles. What is above 0 is teal, what is below orange, as strong as it is
 * large: on light and dark grounds alike. Event `pick` with { channel, y, x }.
 */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { context2d } from '../../../parts/canvas.js';

export interface SheetData {
  /** [b,h,w,c] of one image. */
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

export interface Picked {
  readonly channel: number;
  readonly y: number;
  readonly x: number;
}

/** Red, green and blue of what is above 0, and of what is below. */
export const POSITIVE = [16, 138, 156];
export const NEGATIVE = [214, 106, 32];
/** Between tiles, in CSS pixels. */
export const GAP = 3;
/** On light and on dark grounds alike. */
const GROUND = 'rgb(125 140 155 / 16%)';

/** Largest size of a value, of which the strength of colours is a share. */
export function largestOf(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** Dark with a light line inside: to be seen on every ground. */
function outline(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.lineWidth = 3;
  context.strokeStyle = '#10181f';
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
  context.lineWidth = 1.25;
  context.strokeStyle = '#ffffff';
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
}

@customElement('chexgpu-sheet')
export class ChexgpuSheet extends LitElement {
  static override styles = css`
    :host {
      display: block;
      max-width: 100%;
    }
    canvas {
      display: block;
      image-rendering: pixelated;
      touch-action: manipulation;
    }
    :host([pickable]) canvas {
      cursor: crosshair;
    }
  `;

  @property({ attribute: false }) accessor data: SheetData | null = null;
  /** Channels [from, to). */
  @property({ type: Number }) accessor from = 0;
  @property({ type: Number }) accessor to = 1;
  @property({ type: Number }) accessor columns = 1;
  /** Side of a tile in CSS pixels. */
  @property({ type: Number }) accessor tile = 48;
  /** Height and width of a map before it is there. */
  @property({ attribute: false }) accessor side: readonly [number, number] = [1, 1];
  /** The value of the strongest colour; 0: the largest of the map. */
  @property({ type: Number }) accessor most = 0;
  @property({ type: Number }) accessor selected = -1;
  @property({ attribute: false }) accessor cursor: readonly [y: number, x: number] | null = null;
  /** Rows and columns [top, bottom, left, right) that are framed. */
  @property({ attribute: false }) accessor frame: readonly [number, number, number, number] | null = null;
  /** A picture of bytes, gray. */
  @property({ type: Boolean }) accessor gray = false;
  @property() accessor label = '';
  @property({ type: Boolean, reflect: true }) accessor pickable = false;
  @query('canvas') private accessor canvas: HTMLCanvasElement | null = null;

  private get rows(): number {
    return Math.ceil((this.to - this.from) / this.columns);
  }

  override render(): TemplateResult {
    const { columns, tile, rows, label } = this;
    const [width, height] = [columns * (tile + GAP) - GAP, rows * (tile + GAP) - GAP];
    return html`<canvas
      role="img"
      aria-label=${label}
      .style=${`width: ${width}px; height: ${height}px`}
      @click=${this.clicked}
    ></canvas>`;
  }

  override updated(): void {
    const { canvas, columns, tile, rows } = this;
    if (!canvas) return;
    const scale = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [columns * (tile + GAP) - GAP, rows * (tile + GAP) - GAP];
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = context2d(canvas);
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    const strip = this.data && this.painted(this.data);
    const [, high, wide] = this.data?.shape ?? [];
    for (let c = this.from; c < this.to; c++) {
      const [left, top] = this.corner(c);
      context.fillStyle = GROUND;
      context.fillRect(left, top, tile, tile);
      if (strip) context.drawImage(strip, (c - this.from) * wide, 0, wide, high, left, top, tile, tile);
    }
    this.mark(context);
  }

  private corner(channel: number): [left: number, top: number] {
    const at = channel - this.from;
    const pitch = this.tile + GAP;
    return [(at % this.columns) * pitch, Math.floor(at / this.columns) * pitch];
  }

  /** The channels side by side, at one pixel per number. */
  private painted({ shape, values }: SheetData): OffscreenCanvas {
    const [, height, width, channels] = shape;
    const most = this.most || largestOf(values) || 1;
    const count = this.to - this.from;
    const image = new ImageData(width * count, height);
    const { data } = image;
    for (let i = 0; i < count; i++) {
      const channel = Math.min(this.from + i, channels - 1);
      for (let pixel = 0; pixel < width * height; pixel++) {
        const value = values[pixel * channels + channel];
        const [row, column] = [Math.floor(pixel / width), pixel % width];
        const at = 4 * (row * width * count + i * width + column);
        const [red, green, blue] = this.gray ? [value, value, value] : value < 0 ? NEGATIVE : POSITIVE;
        data[at] = red;
        data[at + 1] = green;
        data[at + 2] = blue;
        data[at + 3] = this.gray ? 255 : 255 * Math.min(1, Math.abs(value) / most) ** 0.8;
      }
    }
    const canvas = new OffscreenCanvas(width * count, height);
    canvas.getContext('2d', { willReadFrequently: true })?.putImageData(image, 0, 0);
    return canvas;
  }

  /** Who is selected, and where the cursor is. */
  private mark(context: CanvasRenderingContext2D): void {
    const { selected, from, to, tile, cursor, frame } = this;
    const [height, width] = this.data ? [this.data.shape[1], this.data.shape[2]] : this.side;
    const isAlone = to - from === 1;
    const at = isAlone ? from : selected;
    if (at < from || at >= to) return;
    const [left, top] = this.corner(at);
    const [down, right] = [tile / height, tile / width];
    if (!isAlone) outline(context, left, top, tile, tile);
    if (frame) {
      const [first, last, west, east] = frame;
      outline(context, left + west * right, top + first * down, (east - west) * right, (last - first) * down);
    }
    if (cursor && tile >= 40) {
      const [y, x] = cursor;
      outline(context, left + x * right, top + y * down, Math.max(4, right), Math.max(4, down));
    }
  }

  private clicked(event: MouseEvent): void {
    const { canvas, tile, columns, from, to } = this;
    if (!canvas || !this.pickable) return;
    const box = canvas.getBoundingClientRect();
    const pitch = tile + GAP;
    const across = ((event.clientX - box.left) * (columns * pitch - GAP)) / box.width;
    const down = ((event.clientY - box.top) * (this.rows * pitch - GAP)) / box.height;
    const channel = from + Math.floor(down / pitch) * columns + Math.floor(across / pitch);
    if (channel >= to) return;
    const [height, width] = this.data ? [this.data.shape[1], this.data.shape[2]] : this.side;
    const place = (inside: number, size: number) =>
      Math.min(size - 1, Math.floor((Math.min(inside % pitch, tile - 0.01) * size) / tile));
    const detail: Picked = { channel, y: place(down, height), x: place(across, width) };
    this.dispatchEvent(new CustomEvent<Picked>('pick', { detail, bubbles: true }));
  }
}
