/** Files as they come: dropped one by one or as folders, chosen, pasted. */

/** What the Reader reads; anything else in a folder is passed over. */
const PICTURE = /\.(png|jpe?g)$/i;
const WEIGHTS = /\.(h5|hdf5|safetensors|npz)$/i;

export interface Taken {
  pictures: File[];
  /** A weight file: another network. */
  weights: File | null;
  /** Others, which were passed over. */
  others: number;
}

/** @param chosen whether the user named each file: then one without a known ending is tried as a picture */
export function sorted(files: readonly File[], chosen: boolean): Taken {
  const isPicture = (file: File) => PICTURE.test(file.name) || /^image\/(png|jpeg)$/.test(file.type);
  const weights = files.find(({ name }) => WEIGHTS.test(name)) ?? null;
  const rest = files.filter(({ name }) => !WEIGHTS.test(name));
  const pictures = chosen ? rest : rest.filter(isPicture);
  return { pictures, weights, others: rest.length - pictures.length };
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    for (const one of some) found.push(...(await filesIn(one)));
  }
  return found.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** What was dropped, with what lies in dropped folders. */
export async function takeDropped(transfer: DataTransfer): Promise<Taken> {
  // Asked at once: behind the first wait the list is empty.
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const files = [...transfer.files];
  const folders = entries.filter((entry) => entry?.isDirectory);
  if (folders.length === 0) return sorted(files, true);
  const inside = await Promise.all(entries.map((entry) => (entry ? filesIn(entry) : [])));
  return sorted(inside.flat(), false);
}

/** Pictures on the clipboard. */
export function takePasted(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
}
