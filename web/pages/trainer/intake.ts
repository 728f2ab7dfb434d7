/** Folders as they come, chosen or dropped: every file with its path. */
import type { FolderFile } from './types.js';

/** What a training reads of a folder. */
const WANTED = /(^|\/)(train|valid|test)\.csv$|(^|\/)images\//;

/** Of an `<input webkitdirectory>`; paths begin behind the folder's own name. */
export function takeChosen(files: readonly File[]): FolderFile[] {
  return files
    .map((file) => ({ path: file.webkitRelativePath.replace(/^[^/]*\//, '') || file.name, file }))
    .filter(({ path }) => WANTED.test(path));
}

async function filesIn(entry: FileSystemEntry, path: string): Promise<FolderFile[]> {
  if (entry.isFile) {
    if (!WANTED.test(path)) return [];
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FolderFile[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesIn(one, path ? `${path}/${one.name}` : one.name)));
  }
}

/** What was dropped: one folder, or what is in it. */
export async function takeDropped(transfer: DataTransfer): Promise<FolderFile[]> {
  // Asked at once: behind the first wait the list is empty.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const alone = entries.length === 1 && entries[0].isDirectory;
  const found = await Promise.all(entries.map((entry) => filesIn(entry, alone ? '' : entry.name)));
  return found.flat();
}
