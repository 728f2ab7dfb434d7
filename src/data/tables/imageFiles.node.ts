/** Which file is a row's image: the one answer for training, predicting, Grad-CAM, boxes and `check`. */
import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { DataError } from '../../core/errors.js';
import { inParallel } from '../../core/parallel/inParallel.js';
import { fileProblem } from '../../core/readFile.node.js';
import { readImageFile } from '../images/decode.node.js';
import { type FileKind, fileKind } from '../images/fileKind.js';

/** Keras' white list; the name has to end so, with or without a dot. */
const IMAGE_NAME = /(png|jpg|jpeg|bmp|ppm|tif|tiff)$/;

/** More files than any public set has; beyond, a folder is not searched for hints and unused files. */
const MOST_FILES = 1_000_000;

/** Where a row's image lies: as Python's os.path.join, so that an absolute path stays what it is. */
export function imagePath(directory: string, image: string): string {
  return isAbsolute(image) ? normalize(image) : join(directory, image);
}

/** The files of a folder, each folder listed once: NIH's table has 112,120 rows. */
export class ImageFiles {
  private readonly listings = new Map<string, Promise<Map<string, Dirent>>>();
  private below: Promise<readonly string[]> | undefined;

  private constructor(readonly directory: string) {}

  /** @throws DataError when the folder cannot be read */
  static async open(directory: string): Promise<ImageFiles> {
    const files = new ImageFiles(directory);
    try {
      await files.list(normalize(directory));
    } catch (cause) {
      throw new DataError(fileProblem(directory, cause), 'Give the folder that holds the images.', { cause });
    }
    return files;
  }

  /**
   * Why a name leads to no image, without a full stop; null for an image that is there. Those are the rows that
   * Keras' `validate_filenames` takes.
   */
  async problem(image: string): Promise<string | null> {
    const path = imagePath(this.directory, image);
    if (!IMAGE_NAME.test(image.toLowerCase())) return `"${image}" is no image file name`;
    const entry = (await this.list(dirname(path)).catch(() => undefined))?.get(basename(path));
    if (entry?.isFile()) return null;
    // Links are followed; and on some systems a file answers to other spellings of its name.
    const info = await stat(path).catch((cause: unknown) => fileProblem(path, cause).replace(/\.$/, ''));
    if (typeof info === 'string') return info;
    return info.isFile() ? null : `${path} is ${kindOf(info)}, not a file`;
  }

  /**
   * Where the images of these bare names lie in the folder and its sub-folders, as seen from it; undefined for one that
   * is not there.
   * @throws DataError for a name that two files have
   */
  async findBelow(names: readonly string[]): Promise<(string | undefined)[]> {
    const wanted = new Set(names);
    const found = new Map<string, string>();
    for (const file of await this.all()) {
      const name = file.slice(file.lastIndexOf('/') + 1);
      if (!wanted.has(name)) continue;
      const other = found.get(name);
      if (other !== undefined) {
        throw new DataError(
          `${this.directory} holds ${name} twice: ${other} and ${file}.`,
          'Give a folder with one file of each name.',
        );
      }
      found.set(name, file);
    }
    return names.map((name) => found.get(name));
  }

  /** All files below the folder, as seen from it, in order; empty where there are too many. */
  all(): Promise<readonly string[]> {
    this.below ??= this.walk();
    return this.below;
  }

  /** How the folder would name that image: two names of one file become the same. */
  canonicalName(image: string): string {
    const inside = relative(this.directory, imagePath(this.directory, image));
    const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
    return isOutside ? resolve(imagePath(this.directory, image)) : inside.replaceAll(sep, '/');
  }

  private list(folder: string): Promise<Map<string, Dirent>> {
    const key = normalize(folder).replace(/(?<=.)[/\\]$/, '');
    let listing = this.listings.get(key);
    if (!listing) {
      listing = readdir(folder, { withFileTypes: true }).then(
        (entries) => new Map(entries.map((entry) => [entry.name, entry])),
      );
      this.listings.set(key, listing);
    }
    return listing;
  }

  private async walk(): Promise<readonly string[]> {
    const found: string[] = [];
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const listing = await this.list(join(this.directory, folder)).catch(() => new Map<string, Dirent>());
      const entries = [...listing.values()];
      // Links to folders are not followed: they may lead in a circle.
      const areFolders = await inParallel(entries, (entry) =>
        entry.isSymbolicLink() ? this.leadsToFolder(folder + entry.name) : false,
      );
      for (const [i, entry] of entries.entries()) {
        const path = folder + entry.name;
        if (entry.isDirectory()) folders.push(`${path}/`);
        else if (!areFolders[i]) found.push(path);
      }
      if (found.length > MOST_FILES) return [];
    }
    return found.sort();
  }

  private leadsToFolder(link: string): Promise<boolean> {
    return stat(join(this.directory, link)).then(
      (info) => info.isDirectory(),
      () => false,
    );
  }

  /** What a file of another name holds. */
  private async kind(image: string): Promise<FileKind | undefined> {
    const bytes = await readImageFile(imagePath(this.directory, image)).catch(() => undefined);
    return bytes && fileKind(bytes);
  }

  /** What the writer of a name that leads nowhere may have meant; '' where there is nothing to say. */
  async hint(image: string): Promise<string> {
    if (image.includes('\\')) return 'Write / between folders, not \\.';
    const kind = IMAGE_NAME.test(image.toLowerCase()) ? undefined : await this.kind(image);
    if (kind) return `It is ${kind.what}. ${kind.hint}`;
    const plain = (name: string) => name.normalize('NFC').toLowerCase().trim();
    const files = await this.all();
    const wanted = this.canonicalName(image);
    const near = files.find((file) => file !== wanted && plain(file) === plain(wanted));
    if (near !== undefined) {
      return near.normalize('NFC') === wanted.normalize('NFC')
        ? `${near} is there, its accents written in another way (Unicode NFC or NFD).`
        : `${near} is there: upper and lower case and blanks count.`;
    }
    const name = basename(wanted);
    const elsewhere = files.find((file) => file !== wanted && (file === name || file.endsWith(`/${name}`)));
    if (elsewhere !== undefined) {
      return `${elsewhere} is there: write paths as seen from ${this.directory}.`;
    }
    const stem = (file: string) => file.slice(0, file.length - extname(file).length);
    const ending = files.find((file) => file !== wanted && stem(file) === stem(wanted));
    return ending === undefined ? '' : `${ending} is there, with another ending.`;
  }
}

function kindOf(info: Stats): string {
  return info.isDirectory() ? 'a folder' : 'a pipe, a socket or a device';
}
