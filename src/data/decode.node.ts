/**
 * Image files to 8-bit pixels exactly as PIL's `open(file).convert('RGB')` gives them: alpha and tRNS are
 * dropped without compositing, gAMA, ICC profiles and EXIF rotation are ignored, 16-bit gray saturates at 255
 * and 16-bit colour keeps its high byte.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { DataError } from '../core/errors.js';
import { fileProblem } from '../core/readFile.node.js';
import type { PixelImage } from './pixels.js';

/** What the file stores, before any conversion. */
export interface StoredImage {
  readonly format: string;
  /** Channels stored: gray, gray+alpha, palette, rgb, rgba. */
  readonly mode: 'gray' | 'gray+alpha' | 'palette' | 'rgb' | 'rgba';
  /** Bits a sample. */
  readonly bits: number;
}

export interface DecodedImage {
  readonly image: PixelImage;
  readonly stored: StoredImage;
  /** Whether an alpha channel holds anything but full opacity, which the conversion ignores. */
  readonly transparent: boolean;
}

type StoredMode = StoredImage['mode'];

/** PNG's colour types. */
const PNG_MODES: Readonly<Record<number, StoredMode>> = {
  0: 'gray',
  2: 'rgb',
  3: 'palette',
  4: 'gray+alpha',
  6: 'rgba',
};

const FORMATS = new Set(['png', 'jpeg', 'tiff']);

/**
 * Reads and decodes an image file.
 * @returns one channel when the file is gray, else three
 * @throws DataError naming the file when it is missing, empty, cut short, damaged, no PNG, JPEG or TIFF, or CMYK
 */
export async function decodeFile(file: string): Promise<DecodedImage> {
  return decodeBytes(await readImageFile(file), file);
}

/** The bytes of an image file. @throws DataError naming the file when it cannot be read */
export async function readImageFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new DataError(fileProblem(file, cause), 'Check the image folder and the name in the CSV.', {
      cause,
    });
  }
}

/** As `decodeFile`, of bytes already read; `file` is named in messages. */
export async function decodeBytes(bytes: Uint8Array, file: string): Promise<DecodedImage> {
  if (bytes.length === 0)
    throw new DataError(`${file} is empty (0 bytes).`, 'Fetch or copy the image again.');
  try {
    const metadata = await open(bytes).metadata();
    checkKind(metadata, file);
    return await decode(bytes, metadata);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const reason = (cause as Error).message.split('\n')[0].trim();
    throw new DataError(`${file} is damaged, cut short or no image (${reason}).`, 'Fetch or copy it again.', {
      cause,
    });
  }
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { failOn: 'error', ignoreIcc: true, autoOrient: false, limitInputPixels: 2 ** 28 });
}

function checkKind(metadata: Metadata, file: string): void {
  if (!FORMATS.has(metadata.format)) {
    throw new DataError(`${file} holds ${metadata.format} data.`, 'Convert it to PNG or JPEG.');
  }
  if (metadata.space === 'cmyk') {
    throw new DataError(`${file} is stored in CMYK, which no X-ray is.`, 'Convert it to gray or RGB.');
  }
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw new DataError(
      `${file} has samples of type ${metadata.depth}.`,
      'Convert it to 8 or 16 bits a sample.',
    );
  }
}

async function decode(bytes: Uint8Array, metadata: Metadata): Promise<DecodedImage> {
  const wide = metadata.depth === 'ushort';
  const stored = describe(bytes, metadata);
  const storedGray = stored.mode.startsWith('gray');
  // Named as it is stored, so that libvips converts nothing.
  const space = wide ? (storedGray ? 'grey16' : 'rgb16') : storedGray ? 'b-w' : 'srgb';
  const pipeline = open(bytes).toColourspace(space);
  const { data, info } = await pipeline
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const channels = storedGray ? 1 : 3;
  const { width, height } = info;
  if (!wide && info.channels === channels) {
    return { image: { width, height, channels, data: new Uint8Array(data) }, stored, transparent: false };
  }
  const samples = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  const narrow = narrowing(wide, stored.mode === 'gray');
  const alphaAt = info.channels % 2 === 0 ? info.channels - 1 : undefined;
  const opaque = wide ? 65535 : 255;
  const pixels = new Uint8Array(width * height * channels);
  let transparent = false;
  for (let i = 0, o = 0; o < pixels.length; i += info.channels) {
    for (let c = 0; c < channels; c++) pixels[o++] = narrow(samples[i + c]);
    if (alphaAt !== undefined && samples[i + alphaAt] !== opaque) transparent = true;
  }
  return { image: { width, height, channels, data: pixels }, stored, transparent };
}

/** PIL holds 16-bit gray as 32-bit integers and clips them; 16-bit files with more channels lose the low byte. */
function narrowing(wide: boolean, plainGray: boolean): (sample: number) => number {
  if (!wide) return (sample) => sample;
  return plainGray ? (sample) => Math.min(sample, 255) : (sample) => sample >> 8;
}

/** sharp reports tRNS as an alpha channel; PNG's own colour type, byte 25, says what is stored. */
function describe(bytes: Uint8Array, metadata: Metadata): StoredImage {
  const bits = metadata.bitsPerSample ?? (metadata.depth === 'ushort' ? 16 : 8);
  const byChannels = (['gray', 'gray+alpha', 'rgb', 'rgba'] as const)[metadata.channels - 1];
  const mode = metadata.format === 'png' ? PNG_MODES[bytes[25]] : byChannels;
  return { format: metadata.format, mode, bits };
}
