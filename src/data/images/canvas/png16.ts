/**
 * PNGs of 16 bits per sample, which a canvas rounds to 8, decoded by hand: inflated, the rows' filters taken back.
 *
 * Source: PNG specification (third edition), sections 8.1 interlaced images, 9 filtering, 11.3.1 tRNS.
 */
import { DataError } from '../../../core/errors.js';
import { damaged, type ImageHeader, pngChunks } from '../imageHeader.js';
import type { Samples } from '../samples.js';

const CHANNELS = { gray: 1, 'gray+alpha': 2, rgb: 3, rgba: 4, palette: 1 };

/** Of Adam7: where the pixels of a pass begin, and how far they are apart. */
const PASSES = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];
const WHOLE = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** Bytes of a chunk in front of its data, and behind. */
const HEAD = 8;
const TAIL = 4;

/**
 * The samples as they are stored; a colour that is transparent becomes an alpha channel.
 * @param bytes a file whose chunks are whole, with its header
 * @throws DataError for pixels that are cut short or damaged
 */
export async function decodePng16(bytes: Uint8Array, header: ImageHeader, name: string): Promise<Samples> {
  const { stored, width, height } = header;
  const chunks = [...pngChunks(bytes)];
  const of = (type: string) =>
    chunks.filter((chunk) => chunk.type === type).map(({ whole }) => whole.subarray(HEAD, -TAIL));
  const isInterlaced = of('IHDR')[0][12] === 1;
  const channels = CHANNELS[stored.mode];
  const key = stored.mode === 'gray' || stored.mode === 'rgb' ? of('tRNS').at(0) : undefined;
  const passes = (isInterlaced ? PASSES : WHOLE)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x) / pass.dx),
      rows: Math.ceil((height - pass.y) / pass.dy),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const step = 2 * channels;
  const length = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + step * columns), 0);
  const lines = await inflate(of('IDAT'), length, name);
  const data = new Uint16Array(width * height * channels);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows } of passes) {
    let above: Uint8Array = new Uint8Array(step * columns);
    for (let row = 0; row < rows; row++) {
      const line = lines.subarray(at + 1, at + 1 + step * columns);
      unfilter(line, above, lines[at], step, name);
      for (let column = 0; column < columns; column++) {
        const to = ((y + row * dy) * width + x + column * dx) * channels;
        for (let c = 0; c < channels; c++) {
          const from = step * column + 2 * c;
          data[to + c] = (line[from] << 8) | line[from + 1];
        }
      }
      above = line;
      at += 1 + line.length;
    }
  }
  const samples = { data, width, height, channels, bits: 16 };
  return key ? withAlpha(samples, key) : samples;
}

/** So many bytes of a zlib stream that lies in several chunks. */
async function inflate(parts: readonly Uint8Array[], length: number, name: string): Promise<Uint8Array> {
  if (typeof DecompressionStream !== 'function') {
    throw new DataError(
      `${name} has 16 bits per sample, and this browser does not unpack them (no DecompressionStream).`,
      'Save it with 8 bits, or take a newer browser.',
    );
  }
  const result = new Uint8Array(length);
  let at = 0;
  const packed = new Blob(parts as Uint8Array<ArrayBuffer>[]).stream();
  const reader = packed.pipeThrough(new DecompressionStream('deflate')).getReader();
  try {
    while (at < length) {
      const { done, value } = await reader.read();
      if (done) return damaged(name, 'it has fewer pixels than its header says');
      const rest = value.subarray(0, length - at);
      result.set(rest, at);
      at += rest.length;
    }
    return result;
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    return damaged(name, 'its pixels cannot be unpacked', cause);
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Takes back in place what a row's filter took off. @param step bytes of a pixel */
function unfilter(line: Uint8Array, above: Uint8Array, filter: number, step: number, name: string): void {
  if (filter > 4) damaged(name, `a row has the filter ${filter}`);
  if (filter === 0) return;
  for (let i = 0; i < line.length; i++) {
    const left = i < step ? 0 : line[i - step];
    const up = above[i];
    if (filter === 1) line[i] += left;
    else if (filter === 2) line[i] += up;
    else if (filter === 3) line[i] += (left + up) >> 1;
    else line[i] += paeth(left, up, i < step ? 0 : above[i - step]);
  }
}

/** Of left, above and above left the one nearest to left + above - above left. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** @param key the transparent colour, 16 bits per channel */
function withAlpha({ data: colours, ...rest }: Samples, key: Uint8Array): Samples {
  const { channels } = rest;
  const wanted = Array.from({ length: channels }, (_, c) => (key[2 * c] << 8) | key[2 * c + 1]);
  const data = new Uint16Array((colours.length / channels) * (channels + 1));
  for (let i = 0, o = 0; i < colours.length; i += channels) {
    let isKey = true;
    for (let c = 0; c < channels; c++) {
      const sample = colours[i + c];
      isKey &&= sample === wanted[c];
      data[o++] = sample;
    }
    data[o++] = isKey ? 0 : 65535;
  }
  return { ...rest, data, channels: channels + 1 };
}
