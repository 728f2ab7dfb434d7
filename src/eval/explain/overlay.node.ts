/** Grad-CAM pictures as files: one PNG per overlay, and a grid of all of them as SVG. */
import { requireObject } from '../../core/arguments.js';
import { loadSharp } from '../../core/host/optionalPackages.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import { checkedImage } from '../../data/images/pixels.js';
import { escapeHtml } from '../report/htmlTag.js';
import type { FindingBox, GradcamMap, GradcamRow, ReportImage } from '../report/reportData.js';
import { COLOURS, FIGURE_FONT } from '../report/theme.js';
import { overlay, overlayAlpha } from './colormap.js';

/**
 * PNG bytes of an 8-bit image; the longer side is reduced to `maxSide` where it is longer.
 * @throws UsageError, DataError for pixels of another type or number than the image says
 */
export async function encodePng(image: ReportImage, maxSide = Number.POSITIVE_INFINITY): Promise<Buffer> {
  requireObject('The image', image);
  const { pixels: data, ...size } = image;
  const { width, height, channels, data: pixels } = checkedImage({ ...size, data });
  const sharp = await loadSharp();
  let pipeline = sharp(pixels, { raw: { width, height, channels } });
  if (Math.max(width, height) > maxSide) {
    pipeline = pipeline.resize({ width: maxSide, height: maxSide, fit: 'inside' });
  }
  if (channels === 1) pipeline = pipeline.toColourspace('b-w');
  return pipeline.png({ compressionLevel: 9 }).toBuffer();
}

/** The X-ray with the class's map over it, alpha min(0.5, p); an empty map leaves it as it is. */
export function overlayImage(image: ReportImage, map: GradcamMap): ReportImage {
  const alpha = map.empty ? 0 : overlayAlpha(map.probability);
  return { ...image, channels: 3, pixels: overlay(image.pixels, map.map, alpha) };
}

/** Writes one overlay as PNG, in the image's own size. @throws DataError if the file cannot be written. */
export async function writeOverlayPng(path: string, image: ReportImage, map: GradcamMap): Promise<void> {
  requireObject('The image', image);
  requireObject('The map', map);
  await writeWhole(path, await encodePng(overlayImage(image, map)));
}

/** The notebook's title of one map. */
export function gradcamTitle(map: GradcamMap): string {
  return `${map.label}: p=${map.probability.toFixed(3)}`;
}

/** PNG bytes of one row: the X-ray itself, then one overlay per map. */
export interface RowPictures {
  original: Buffer;
  maps: Buffer[];
}

export async function rowPictures(row: GradcamRow, maxSide?: number): Promise<RowPictures> {
  const maps: Buffer[] = [];
  for (const map of row.maps) maps.push(await encodePng(overlayImage(row.image, map), maxSide));
  return { original: await encodePng(row.image, maxSide), maps };
}

export function pngUri(png: Buffer): string {
  return `data:image/png;base64,${png.toString('base64')}`;
}

const CELL = 200;
const GAP = 12;
const TITLE = 24;

/**
 * The notebook's figure for any number of images: a row per image, first the original, then one column
 * per class with its title; boxes of the true findings as white frames.
 */
export function gradcamGridSvg(rows: readonly GradcamRow[], pictures: readonly RowPictures[]): string {
  const columns = 1 + Math.max(0, ...rows.map((row) => row.maps.length));
  const rowHeight = TITLE + CELL + 26;
  const width = columns * (CELL + GAP) + GAP;
  const height = rows.length * rowHeight + GAP;
  const cells: string[] = [];
  rows.forEach((row, r) => {
    const top = GAP + r * rowHeight;
    const scale = CELL / Math.max(row.image.width, row.image.height);
    const cell = (column: number, title: string, png: Buffer, boxes: FindingBox[]) => {
      const left = GAP + column * (CELL + GAP);
      const frames = boxes.map(
        (b) =>
          `<rect x="${b.x * scale}" y="${b.y * scale}" width="${b.width * scale}" height="${b.height * scale}" ` +
          'fill="none" stroke="#fff" stroke-width="1.6" stroke-dasharray="5 3"/>',
      );
      cells.push(
        `<g transform="translate(${left},${top})"><text x="${CELL / 2}" y="15" text-anchor="middle" ` +
          `font-size="13" fill="${COLOURS.ink}">${escapeHtml(title)}</text><g transform="translate(0,${TITLE})">` +
          `<image width="${CELL}" height="${CELL}" preserveAspectRatio="xMinYMin" href="${pngUri(png)}"/>` +
          `${frames.join('')}</g></g>`,
      );
    };
    cell(0, 'Original', pictures[r].original, row.boxes);
    row.maps.forEach((map, m) => {
      const boxes = row.boxes.filter((b) => b.label === map.label);
      cell(m + 1, gradcamTitle(map), pictures[r].maps[m], boxes);
    });
    const found = row.labels.length ? row.labels.join(', ') : 'no finding';
    cells.push(
      `<text x="${GAP}" y="${top + TITLE + CELL + 15}" font-size="11.5" fill="${COLOURS.muted}">` +
        `${escapeHtml(`${row.file} · true labels: ${found}`)}</text>`,
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${escapeHtml(FIGURE_FONT)}">` +
    `<title>Grad-CAM of ${rows.length} X-rays</title><rect width="100%" height="100%" fill="${COLOURS.paper}"/>` +
    `${cells.join('')}</svg>`
  );
}
