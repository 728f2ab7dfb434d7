/** Pictures and the report, made in the worker: drawing and compressing keep nobody waiting there. */
import type { GradcamMap, MapColours, PixelImage } from 'chexgpu';
import type { Reading } from 'chexgpu/reading';
import { heatPixels } from '../heat.js';
import type { TrueBox } from '../types.js';
import { words } from '../words.js';
import { filmCanvas } from './pixels.js';

/** How a map is laid over its X-ray. */
export interface Look {
  readonly opacity: number;
  readonly colours: MapColours;
}

/** Pixels of a picture in the report, each way at most. */
const REPORT_SIDE = 480;
/** Of an exported picture: each X-ray, the line of words below, the space between. */
const PNG_SIDE = 768;
const LINE = 44;
const GAP = 12;

function context(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const found = canvas.getContext('2d');
  if (!found) throw new Error('This browser gives no 2D canvas in a worker.');
  return found;
}

/** Lays a map over what is drawn in a part of a canvas. */
function drawHeat(
  target: OffscreenCanvasRenderingContext2D,
  map: GradcamMap,
  { opacity, colours }: Look,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  if (map.empty) return;
  const heat = new OffscreenCanvas(map.width, map.height);
  context(heat).putImageData(heatPixels(map, colours), 0, 0);
  target.globalAlpha = opacity;
  target.imageSmoothingEnabled = true;
  target.drawImage(heat, x, y, width, height);
  target.globalAlpha = 1;
}

function fitted({ width, height }: PixelImage, side: number): [number, number] {
  const scale = side / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** The X-ray and beside it the same with its map and the true boxes, with a line of words below. */
export function sideBySide(
  image: PixelImage,
  map: GradcamMap,
  label: string,
  boxes: readonly TrueBox[],
  look: Look,
  trust: string,
): Promise<Blob> {
  const [width, height] = fitted(image, PNG_SIDE);
  const canvas = new OffscreenCanvas(2 * width + GAP, height + LINE);
  const target = context(canvas);
  target.fillStyle = '#0b0f12';
  target.fillRect(0, 0, canvas.width, canvas.height);
  const film = filmCanvas(image);
  for (const x of [0, width + GAP]) target.drawImage(film, x, 0, width, height);
  drawHeat(target, map, look, [width + GAP, 0, width, height]);
  for (const box of boxes) {
    target.lineWidth = box.label === label ? 3 : 1.5;
    target.strokeStyle = box.label === label ? '#ffffff' : '#7fe3ef';
    for (const x of [0, width + GAP]) {
      target.strokeRect(x + box.x * width, box.y * height, box.w * width, box.h * height);
    }
  }
  target.fillStyle = '#dfe7ec';
  target.font = '17px system-ui, sans-serif';
  target.fillText(
    `Grad-CAM of ${words(label)}, p = ${map.probability.toFixed(3)}. ${trust}.`,
    8,
    height + 28,
    canvas.width - 16,
  );
  return canvas.convertToBlob({ type: 'image/png' });
}

async function dataUri(canvas: OffscreenCanvas): Promise<string> {
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.88 });
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** The two pictures of an X-ray in the report. */
export async function reportPictures(
  name: string,
  image: PixelImage,
  map: GradcamMap,
  label: string,
  look: Look,
): Promise<Reading['pictures']> {
  const [width, height] = fitted(image, REPORT_SIDE);
  const canvas = new OffscreenCanvas(width, height);
  const target = context(canvas);
  target.drawImage(filmCanvas(image), 0, 0, width, height);
  const plain = await dataUri(canvas);
  drawHeat(target, map, look, [0, 0, width, height]);
  const said = map.empty ? `Nothing speaks for ${words(label)}` : `Grad-CAM of ${words(label)}`;
  return [
    { uri: plain, caption: name },
    { uri: await dataUri(canvas), caption: said },
  ];
}
