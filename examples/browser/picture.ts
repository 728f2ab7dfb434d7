/** The X-ray, and the Grad-CAM map over it in jet colours. */
import { type GradcamMap, overlay, type PixelImage } from 'chexgpu';
import { byId } from './dom.js';

export class Picture {
  private readonly film = byId('picture', HTMLCanvasElement);
  private readonly heat = byId('heat', HTMLCanvasElement);
  private readonly hint = byId('drop-hint', HTMLElement);

  /** Draws the image in its own pixels; the style sheet scales the canvas. */
  show(image: PixelImage, description: string): void {
    draw(this.film, image.width, image.height, (i) => {
      const at = i * image.channels;
      const [r, g, b] = image.channels === 1 ? [0, 0, 0] : [0, 1, 2];
      return [image.data[at + r], image.data[at + g], image.data[at + b]];
    });
    this.film.setAttribute('aria-label', description);
    this.film.parentElement?.style.setProperty('--ratio', `${image.width} / ${image.height}`);
    this.hint.hidden = true;
  }

  /** Hard pixels or smooth ones. */
  set pixelated(value: boolean) {
    this.film.classList.toggle('pixelated', value);
  }

  /** Lays the map over the X-ray; an empty one has nothing to show. */
  showMap({ map, width, height, empty }: GradcamMap): void {
    if (empty) {
      this.hideMap();
      return;
    }
    const rgb = overlay(new Uint8Array(map.length), map, 1);
    draw(this.heat, width, height, (i) => [rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]]);
    this.heat.classList.add('shown');
  }

  hideMap(): void {
    this.heat.classList.remove('shown');
  }

  /** How much of the X-ray the map covers, 0..1. */
  set strength(value: number) {
    this.heat.style.setProperty('--strength', String(value));
  }
}

/** A small picture of its own, for a button. */
export function thumbnail(image: PixelImage): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  draw(canvas, image.width, image.height, (i) => {
    const gray = image.data[i * image.channels];
    return [gray, gray, gray];
  });
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  colour: (pixel: number) => readonly [number, number, number] | readonly number[],
): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser gives no 2D canvas.');
  const pixels = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = colour(i);
    pixels.data.set([r, g, b, 255], i * 4);
  }
  context.putImageData(pixels, 0, 0);
}
