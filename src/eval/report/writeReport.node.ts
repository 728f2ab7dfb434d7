/** Writes the report: report.html, report.json, figures/*.svg and images/*.png in one folder. */
import { join } from 'node:path';
import { safeName } from '../../core/outputs/safeNames.js';
import { writeWhole } from '../../core/writeFile.node.js';
import { encodePng, gradcamGridSvg, pngUri, type RowPictures, rowPictures } from '../explain/overlay.node.js';
import { reportFigures } from './renderFigures.node.js';
import type { ReportData, ReportImage } from './reportData.js';
import { reportHtml } from './reportPage.js';

/** Pictures in the page are at most this wide or high; the files in images/ keep their size. */
const EMBEDDED_SIDE = 400;

export interface WrittenReport {
  html: string;
  json: string;
  /** Paths of figures/*.svg. */
  figures: string[];
  /** Paths of images/*.png. */
  images: string[];
}

function imageNames(data: ReportData) {
  return {
    samples: data.samples.map((_, i) => `images/sample-${i + 1}.png`),
    cases: data.gradcam.map((row, r) => ({
      original: `images/gradcam-${r + 1}.png`,
      maps: row.maps.map((map, m) => `images/gradcam-${r + 1}-${m + 1}-${safeName(map.label, 200)}.png`),
    })),
  };
}

/** The data as JSON; pixels and maps are replaced by the names of their PNG files. */
function reportJson(data: ReportData): string {
  const names = imageNames(data);
  const stored = ({ width, height, channels }: ReportImage, file: string) => ({
    width,
    height,
    channels,
    file,
  });
  const plain = {
    ...data,
    samples: data.samples.map((s, i) => ({ ...s, image: stored(s.image, names.samples[i]) })),
    gradcam: data.gradcam.map((row, r) => ({
      ...row,
      image: stored(row.image, names.cases[r].original),
      maps: row.maps.map(({ map: _, ...rest }, m) => ({ ...rest, overlay: names.cases[r].maps[m] })),
    })),
  };
  return `${JSON.stringify(plain, null, 1)}\n`;
}

/**
 * Everything is made in memory before the first file is written, and report.html comes last: where it
 * stands, the rest is there.
 * @throws DataError if an image does not fit its map or a file cannot be written.
 */
export async function writeReport(dir: string, data: ReportData): Promise<WrittenReport> {
  const names = imageNames(data);
  const files = new Map<string, string | Uint8Array>();

  const sampleUris: string[] = [];
  for (const [i, sample] of data.samples.entries()) {
    files.set(names.samples[i], await encodePng(sample.image));
    sampleUris.push(pngUri(await encodePng(sample.image, EMBEDDED_SIDE)));
  }

  const embedded: RowPictures[] = [];
  for (const [r, row] of data.gradcam.entries()) {
    const full = await rowPictures(row);
    files.set(names.cases[r].original, full.original);
    for (const [m, png] of full.maps.entries()) files.set(names.cases[r].maps[m], png);
    const large = Math.max(row.image.width, row.image.height) > EMBEDDED_SIDE;
    embedded.push(large ? await rowPictures(row, EMBEDDED_SIDE) : full);
  }

  const figures = await reportFigures(data);
  for (const figure of figures) files.set(`figures/${figure.name}.svg`, figure.svg);
  if (data.gradcam.length) files.set('figures/gradcam.svg', gradcamGridSvg(data.gradcam, embedded));

  const page = reportHtml(data, {
    figures: new Map(figures.map((figure) => [figure.name, figure])),
    samples: sampleUris,
    cases: embedded.map((row) => ({ original: pngUri(row.original), maps: row.maps.map(pngUri) })),
  });
  files.set('report.json', reportJson(data));
  files.set('report.html', page);
  for (const [name, content] of files) await writeWhole(join(dir, name), content);

  const written = [...files.keys()];
  const inFolder = (folder: string) => written.filter((n) => n.startsWith(folder)).map((n) => join(dir, n));
  return {
    html: join(dir, 'report.html'),
    json: join(dir, 'report.json'),
    figures: inFolder('figures/'),
    images: inFolder('images/'),
  };
}
