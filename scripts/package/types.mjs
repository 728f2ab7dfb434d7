/**
 * dist/types, made whole: no declaration that nothing reaches, and WebGPU's types from wherever the user's project has
 * them, so that a project needs no package for them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const IMPORT = /(?:from |import\()['"](\.[^'"]+)\.js['"]/g;
const GLOBAL = /\bGPU[A-Z]\w*|\bGPU\b(?!\.)/g;
const COMMENT = /\/\*[\s\S]*?\*\//g;
/** Of an optional package: without it what comes from there is `any`. */
const PACKAGE = /^(?=(?:import|export) .* from ['"][^.'"])/gm;
/** What is no object of WebGPU. */
const PLAIN = { GPUBufferUsageFlags: 'number', GPUFeatureName: 'string' };

const HEAD = `/**
 * WebGPU's types as your project has them: in TypeScript's DOM library (from 6.0 on), or of the package @webgpu/types.
 * Where it has neither they are \`any\`.
 */
type Known<Name extends string> = typeof globalThis extends Record<Name, { prototype: infer T }> ? T : any;
`;

/** The declarations that the entries reach. */
function reachedFrom(entries) {
  const reached = new Set(entries);
  for (const file of reached) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      reached.add(resolve(dirname(file), `${path}.d.ts`));
    }
  }
  return reached;
}

/** @param folder what tsc has written @param entries names in it, without .d.ts */
export function finishTypes(folder, entries) {
  const reached = reachedFrom(entries.map((name) => join(folder, `${name}.d.ts`)));
  const webgpu = join(folder, 'webgpu');
  const used = new Set();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    if (!reached.has(file)) {
      rmSync(file);
      continue;
    }
    const text = readFileSync(file, 'utf8').replace(PACKAGE, '// @ts-ignore\n');
    writeFileSync(file, text);
    const names = [...new Set(text.replace(COMMENT, '').match(GLOBAL))].sort();
    if (names.length === 0) continue;
    for (const name of names) used.add(name);
    const from = relative(dirname(file), webgpu).replaceAll('\\', '/');
    const path = from.startsWith('.') ? from : `./${from}`;
    writeFileSync(file, `import type { ${names.join(', ')} } from '${path}.js';\n${text}`);
  }
  const aliases = [...used]
    .sort()
    .map((name) => `export type ${name} = ${PLAIN[name] ?? `Known<'${name}'>`};\n`);
  writeFileSync(`${webgpu}.d.ts`, HEAD + aliases.join(''));
}
