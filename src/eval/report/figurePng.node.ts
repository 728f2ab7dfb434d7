/** Figures as pixels, for whoever shows no SVG. Letters are drawn with the fonts of the system. */
import { loadSharp } from '../../core/host/optionalPackages.node.js';
import type { Picture } from '../../training/tensorboard/summaries.js';
import { COLOURS } from './theme.js';

/** @param svg a complete document with a viewBox, one unit of which becomes a pixel */
export async function figurePng(svg: string): Promise<Picture> {
  const sharp = await loadSharp();
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten({ background: COLOURS.paper })
    .png({ compressionLevel: 9 })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, png: data };
}
