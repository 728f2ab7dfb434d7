/** The shaders as they stand in the source tree, with comments; what a page computes with has none. */

export type ShaderTexts = Readonly<Record<string, string>>;

let loaded: Promise<ShaderTexts> | null = null;

/** By path from the root of the source tree. @throws Error where they cannot be loaded */
export function shaderTexts(): Promise<ShaderTexts> {
  loaded ??= fetch(new URL('shaders.json', import.meta.url)).then((answer) => {
    if (!answer.ok) throw new Error(`The shaders' texts could not be loaded: ${answer.status}.`);
    return answer.json();
  });
  loaded.catch(() => {
    loaded = null;
  });
  return loaded;
}

interface ShaderHead {
  /** What it computes, in words. */
  readonly title: string;
  /** Indented lines of the head. */
  readonly formula: readonly string[];
}

/** What the comment at the head of a shader says. */
export function headOf(text: string): ShaderHead {
  const head: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('//')) break;
    head.push(line.slice(2));
  }
  const blank = head.findIndex((line) => line.trim() === '');
  const title = head.slice(0, blank < 0 ? head.length : blank);
  const formula = head.filter((line) => /^ {3}/.test(line)).map((line) => line.slice(3));
  return { title: title.map((line) => line.trim()).join(' '), formula };
}

/** Without the comment at its head. */
export function withoutHead(text: string): string {
  const lines = text.split('\n');
  return lines.slice(lines.findIndex((line) => line.trim() !== '' && !line.startsWith('//'))).join('\n');
}

/** The file of the variant that everything else is measured by. @param file `src/shaders/pool/max.vec4.wgsl` */
export function naiveFile(file: string): string {
  return file.replace(/\.[^./]+\.wgsl$/, '.naive.wgsl');
}
