/**
 * What of a training stays with this browser, in its origin-private file system: the checkpoint, a small document that
 * says where it stands, and files that callbacks wrote. No picture, no name of a file, folder or patient goes there.
 */
import type { Kept, KeptFile } from '../types.js';

const FOLDER = 'chexgpu-trainer';
const CHECKPOINT = 'checkpoint.h5';
const STATE = 'state.json';
const FILES = 'files';

/** Null where there is none. */
async function absent<T>(wanted: Promise<T>): Promise<T | null> {
  return wanted.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw error;
  });
}

/** Whole or not at all: until it is closed, what was there stays. */
async function write(folder: FileSystemDirectoryHandle, name: string, data: BlobPart): Promise<void> {
  const file = await folder.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  try {
    await stream.write(data as FileSystemWriteChunkType);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

async function folder(create: boolean): Promise<FileSystemDirectoryHandle | null> {
  const root = await navigator.storage.getDirectory();
  return absent(root.getDirectoryHandle(FOLDER, { create }));
}

async function fileIn(inside: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  const handle = await absent(inside.getFileHandle(name));
  return (await handle?.getFile()) ?? null;
}

/** Keeps a checkpoint in place of the one before. @throws DOMException where the browser has no room for it */
export async function keep(checkpoint: Uint8Array<ArrayBuffer>, state: Kept): Promise<void> {
  const own = (await folder(true))!;
  await write(own, CHECKPOINT, checkpoint);
  await write(own, STATE, JSON.stringify(state));
}

/** Says anew where the checkpoint stands. */
export async function keepState(state: Kept): Promise<void> {
  const own = await folder(false);
  if (own) await write(own, STATE, JSON.stringify(state));
}

/** Null where nothing waits, or nothing can be kept here. */
export async function keptState(): Promise<Kept | null> {
  try {
    const own = await folder(false);
    if (!own || !(await fileIn(own, CHECKPOINT))) return null;
    const file = await fileIn(own, STATE);
    const state = file && (JSON.parse(await file.text()) as Kept);
    return state?.format === 1 ? state : null;
  } catch (error) {
    console.warn('Nothing of an earlier training can be read:', error);
    return null;
  }
}

/** The bytes of the checkpoint. @throws Error where there is none */
export async function keptCheckpoint(): Promise<Uint8Array<ArrayBuffer>> {
  const own = await folder(false);
  const file = own && (await fileIn(own, CHECKPOINT));
  if (!file) throw new Error('No training waits in this browser any more; another tab may have removed it.');
  return new Uint8Array(await file.arrayBuffer());
}

/** Removes all that is kept. */
export async function forget(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await absent(root.removeEntry(FOLDER, { recursive: true }));
}

export async function writeFile(name: string, data: BlobPart): Promise<void> {
  const own = (await folder(true))!;
  await write(await own.getDirectoryHandle(FILES, { create: true }), name, data);
}

async function filesFolder(): Promise<FileSystemDirectoryHandle | null> {
  const own = await folder(false);
  return own && absent(own.getDirectoryHandle(FILES));
}

export async function writtenFiles(): Promise<KeptFile[]> {
  const files = await filesFolder();
  const found: KeptFile[] = [];
  if (!files) return found;
  for await (const [name, handle] of files.entries()) {
    if (handle.kind !== 'file') continue;
    const { size } = await (handle as FileSystemFileHandle).getFile();
    found.push({ name, bytes: size });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function writtenFile(name: string): Promise<Blob> {
  const files = await filesFolder();
  const file = files && (await fileIn(files, name));
  if (!file) throw new Error(`${name} is no longer there.`);
  return file;
}
