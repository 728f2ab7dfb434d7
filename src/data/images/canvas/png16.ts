/**
 * PNGs of 16 bits per sample, which a canvas rounds to 8, decoded by hand: inflated, the rows' filters taken back.
 *
 * Source: PNG specification (third edition), sections 8.1 interlaced images, 9 filtering, 11.3.1 tRNS.
 */
import { inflate } from '../../../core/packedBytes.js';
import { damaged, type ImageHeader, pngChunks } from '../imageHeader.js';
import type { Samples } from '../samples.js';

/** Of Adam7, each pass in four digits: where its pixels begin, x and y, and how far they are apart. */
const PASSES = '0088 4088 0448 2044 0224 1022 0112';
const WHOLE = '0011';

const BROKEN = 'its pixels cannot be unpacked';

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
  const { mode } = stored;
  const hasAlpha = mode.endsWith('a');
  const channels = (mode.startsWith('gray') ? 1 : 3) + (hasAlpha ? 1 : 0);
  const key = hasAlpha ? undefined : of('tRNS').at(0);
  const passes = (isInterlaced ? PASSES : WHOLE)
    .split(' ')
    .map((pass) => {
      const [x, y, dx, dy] = Array.from(pass, Number);
      return { x, y, dx, dy, columns: Math.ceil((width - x) / dx), rows: Math.ceil((height - y) / dy) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const step = 2 * channels;
  const length = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + step * columns), 0);
  const lines = await inflate(of('IDAT'), 'deflate', length);
  if (!lines) return damaged(name, BROKEN);
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

/** Takes back in place what a row's filter took off. @param step bytes of a pixel */
function unfilter(line: Uint8Array, above: Uint8Array, filter: number, step: number, name: string): void {
  if (filter > 4) damaged(name, BROKEN);
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

/** Of left, above and above left the one nearest to left + above - above left; of two the first. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** @param key the transparent colour, 16 bits per channel */
function withAlpha({ data: colours, channels, ...rest }: Samples, key: Uint8Array): Samples {
  const wanted = Array.from({ length: channels }, (_, c) => (key[2 * c] << 8) | key[2 * c + 1]);
  const data = new Uint16Array((colours.length / channels) * (channels + 1));
  for (let i = 0, o = 0; i < colours.length; i += channels, o += channels + 1) {
    const colour = colours.subarray(i, i + channels);
    data.set(colour, o);
    data[o + channels] = wanted.every((sample, c) => sample === colour[c]) ? 0 : 65535;
  }
  return { ...rest, data, channels: channels + 1 };
}
