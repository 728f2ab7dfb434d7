/**
 * Who imports whom, read by esbuild. (dependency-cruiser cannot read TypeScript here: it wants the
 * compiler's API below version 7.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

export interface Import {
  /** From the root, with `/`: 'src/engine/device/gpu.ts'; for packages and Node's own modules their name. */
  to: string;
  /** False for a file of this project. */
  external: boolean;
  /** True for `import type` and `export type`: gone when the program runs. */
  type: boolean;
}

/** For every source file, by its path from the root, what it imports. */
export type ImportGraph = Map<string, Import[]>;

const TYPE_IMPORT = /^\s*(?:import|export)\s+type\s[^;'"]*?\sfrom\s*(['"])([^'"]+)\1/gm;
/** `import('./x.js').Thing` in a place for types; a real dynamic import stays in the program anyway. */
const INLINE_TYPE_IMPORT = /\bimport\(\s*(['"])([^'"]+)\1\s*\)\s*\./g;
const MARK = '?type';

/** Type imports vanish before esbuild resolves anything; this leaves a marked import in their place. */
const keepTypeImports: Plugin = {
  name: 'keep-type-imports',
  setup(run) {
    run.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const found = [...text.matchAll(TYPE_IMPORT), ...text.matchAll(INLINE_TYPE_IMPORT)];
      const imports = found.map((match) => `\nimport ${JSON.stringify(match[2] + MARK)};`);
      return { contents: text + imports.join(''), loader: 'ts' };
    });
    run.onResolve({ filter: /\?type$/ }, async ({ path, resolveDir, kind }) => {
      const resolved = await run.resolve(path.slice(0, -MARK.length), { resolveDir, kind });
      if (resolved.external) return { path: resolved.path + MARK, external: true };
      return { ...resolved, suffix: MARK };
    });
  },
};

export function sourceFiles(root: string, folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/**
 * The imports of every .ts file below `folder` of `root`.
 * @param types false for those of the running program alone
 * @throws when a file does not parse or an import does not resolve
 */
export async function importGraph(root: string, folder = 'src', { types = true } = {}): Promise<ImportGraph> {
  const files = sourceFiles(root, folder, '.ts').filter((file) => !file.endsWith('.d.ts'));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: files,
    bundle: true,
    write: false,
    outdir: 'nowhere',
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    logLevel: 'silent',
    plugins: types ? [keepTypeImports] : [],
    // Imports that nothing uses stay too.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const graph: ImportGraph = new Map();
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    if (file.endsWith(MARK) || !file.endsWith('.ts')) continue;
    graph.set(
      file,
      imports.map(({ path, external }) => {
        const type = path.endsWith(MARK);
        const bare = type ? path.slice(0, -MARK.length) : path;
        const to = isAbsolute(bare) ? relative(root, bare).replaceAll('\\', '/') : bare;
        return { to, external: external ?? false, type };
      }),
    );
  }
  return graph;
}

/** The files that the running program reaches from `start`, each with the way to it. */
export function reachable(graph: ImportGraph, start: string): Map<string, string[]> {
  const ways = new Map<string, string[]>([[start, [start]]]);
  for (const [file, way] of ways) {
    for (const { to, type } of graph.get(file) ?? []) {
      if (!type && !ways.has(to)) ways.set(to, [...way, to]);
    }
  }
  return ways;
}

/** Circles of imports, those of types included, each named once: 'a.ts > b.ts > a.ts'. */
export function circles(graph: ImportGraph): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) {
      const circle = way.slice(at);
      const first = circle.indexOf([...circle].sort()[0]);
      found.add([...circle.slice(first), ...circle.slice(0, first), circle[first]].join(' > '));
      return;
    }
    if (done.has(file)) return;
    for (const { to, external } of graph.get(file) ?? []) {
      if (!external) visit(to, [...way, file]);
    }
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return [...found];
}
