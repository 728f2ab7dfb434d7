/** What a file is by its first bytes, for the message that it is no image of ours. Never by its name. */

export interface FileKind {
  /** After "is": `a DICOM file`. */
  readonly what: string;
  /** What to do about it. */
  readonly hint: string;
}

const CONVERT = 'Convert it to PNG, 8 bits per sample.';
const FETCH = 'Fetch the image itself.';
const UNPACK = 'Unpack it and give the images.';

interface Signature extends FileKind {
  /** Latin-1; where several, any of them. */
  readonly begins: readonly string[];
  readonly at?: number;
}

const SIGNATURES: readonly Signature[] = [
  {
    begins: ['DICM'],
    at: 128,
    what: 'a DICOM file',
    hint: 'Export it as PNG, 8 bits per sample, with its window applied and MONOCHROME1 inverted.',
  },
  {
    begins: ['\x89PNG\n\x1a\n', '\x89PNG\r\r\n', '\x89PNG\r\n\x1a\r\n'],
    what: 'a PNG whose line ends were changed, as by a transfer in text mode',
    hint: 'Copy it again as binary data.',
  },
  { begins: ['\0\0\0\x0cjP  \r\n\x87\n', '\xff\x4f\xff\x51'], what: 'a JPEG 2000 image', hint: CONVERT },
  { begins: ['\xff\x0a', '\0\0\0\x0cJXL \r\n\x87\n'], what: 'a JPEG XL image', hint: CONVERT },
  { begins: ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'], what: 'a TIFF image', hint: CONVERT },
  { begins: ['GIF8'], what: 'a GIF image', hint: CONVERT },
  { begins: ['WEBP'], at: 8, what: 'a WebP image', hint: CONVERT },
  { begins: ['ftypavi'], at: 4, what: 'an AVIF image', hint: CONVERT },
  { begins: ['ftyphe', 'ftypmif1', 'ftypmsf1'], at: 4, what: 'a HEIC image', hint: CONVERT },
  { begins: ['ftyp'], at: 4, what: 'a video (MP4 or QuickTime)', hint: 'Give single images.' },
  { begins: ['8BPS'], what: 'a Photoshop file', hint: CONVERT },
  { begins: ['\x76\x2f\x31\x01'], what: 'an OpenEXR image', hint: CONVERT },
  { begins: ['\0\0\x01\0'], what: 'an icon (ICO)', hint: CONVERT },
  { begins: ['\x8aMNG', '\x8bJNG'], what: 'an MNG or JNG file', hint: CONVERT },
  { begins: ['n+1\0', 'ni1\0'], at: 344, what: 'a NIfTI volume', hint: CONVERT },
  { begins: ['NRRD'], what: 'an NRRD volume', hint: CONVERT },
  { begins: ['ObjectType'], what: 'a MetaImage header', hint: CONVERT },
  { begins: ['\x93NUMPY'], what: 'a NumPy array', hint: CONVERT },
  {
    begins: ['\x89HDF\r\n\x1a\n'],
    what: 'an HDF5 file',
    hint: 'Give image files; weights go with `weights`.',
  },
  { begins: ['%PDF'], what: 'a PDF document', hint: 'Save its image as PNG.' },
  { begins: ['PK\x03\x04', 'PK\x05\x06'], what: 'a ZIP archive', hint: UNPACK },
  { begins: ['\x1f\x8b'], what: 'packed with gzip', hint: UNPACK },
  { begins: ['7z\xbc\xaf\x27\x1c'], what: 'a 7z archive', hint: UNPACK },
  { begins: ['ustar'], at: 257, what: 'a tar archive', hint: UNPACK },
  {
    begins: ['\0\x05\x16\x07', '\0\x05\x16\0'],
    what: "macOS' companion of a file (AppleDouble)",
    hint: 'Leave out files whose names begin with "._".',
  },
  {
    begins: ['version https://git-lfs'],
    what: 'a Git LFS pointer, not the image itself',
    hint: 'Fetch it with `git lfs pull`.',
  },
  {
    begins: ['/annex/objects/', '../.git/annex/objects/'],
    what: 'a git-annex pointer, not the image itself',
    hint: 'Fetch it with `git annex get`.',
  },
];

/** Words that a text begins with, in small letters and behind white space. */
const TEXTS: readonly (readonly [begins: RegExp, what: string, hint: string])[] = [
  [
    /^(<!doctype html|<html|<head|<body)/,
    'a web page (HTML), no image',
    'A download may have given a log-in or error page; fetch the image again.',
  ],
  [/^<svg|^<\?xml[\s\S]*<svg/, 'an SVG drawing', CONVERT],
  [/^<\?xml|^<[a-z]+[ >]/, 'an XML document, no image', FETCH],
  [/^[[{]/, 'a JSON document, no image', FETCH],
];

/** How much of a file is looked at. */
const LOOKED_AT = 512;

/**
 * Names what the bytes are, other than a PNG or JPEG of ours.
 * @returns undefined where nothing is recognised
 */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const head = latin1(bytes.subarray(0, LOOKED_AT));
  const known = SIGNATURES.find(({ begins, at = 0 }) => begins.some((words) => head.startsWith(words, at)));
  if (known) return known;
  if (isBitmap(bytes)) return { what: 'a BMP image', hint: CONVERT };
  if (/^P[1-7][\s#]/.test(head)) return { what: 'a PNM image (PBM, PGM, PPM)', hint: CONVERT };
  if (isBareDicom(bytes)) return SIGNATURES[0];
  if (/^\0+$/.test(head) && bytes.every((byte) => byte === 0)) {
    return { what: 'nothing but zeros, as a broken copy leaves them', hint: 'Fetch or copy it again.' };
  }
  return textKind(bytes);
}

/** `BM` could begin a text as well, which has no control characters. */
function isBitmap(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && !isText(bytes.subarray(0, LOOKED_AT));
}

/** Without the preamble, as old devices write it: group 2 or 8, a small element, a type or a small length. */
function isBareDicom(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const group = bytes[0] + 256 * bytes[1];
  const element = bytes[2] + 256 * bytes[3];
  if ((group !== 2 && group !== 8) || element > 0x60) return false;
  const explicit = /^[A-Z]{2}$/.test(latin1(bytes.subarray(4, 6)));
  const implicit = bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[4] <= 64 && bytes[4] % 2 === 0;
  return explicit || implicit;
}

function textKind(bytes: Uint8Array): FileKind | undefined {
  const head = bytes.subarray(0, LOOKED_AT);
  if (!isText(head)) return undefined;
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\uFEFF/, '')
    .trimStart();
  const found = TEXTS.find(([begins]) => begins.test(text.toLowerCase()));
  return found && { what: found[1], hint: found[2] };
}

/** A text has no control characters but white space. */
function isText(bytes: Uint8Array): boolean {
  return !bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32) || byte === 127);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
