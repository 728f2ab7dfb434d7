import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MOST_LINES = { code: 400, wgsl: 250 };
const MOST_COLUMNS = 120;
const MOST_FILES = 15;

/** What .gitignore keeps out, and git itself. */
const OUTSIDE = new Set(['.git', 'node_modules', 'dist', 'runs', '.cache', '.gpu', 'coverage', 'api']);

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return OUTSIDE.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

const files = filesBelow('');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const lines = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
const isCode = (file: string) => /\.(ts|mjs|cjs|js)$/.test(file);
const isText = (file: string) => /\.(ts|mjs|cjs|js|wgsl|json|md|html|css|csv|sh|txt)$|^\.ci\//.test(file);

/** Built from parts, as this file is read by its own tests. */
const FOREIGN = new RegExp(
  [
    ['/wo', 'rk/'],
    ['/tmp/bash_', 'jobs'],
    ['registry\\.npm', 'js\\.org'],
    ['deb\\.debian', '\\.org'],
    ['pypi\\.', 'org'],
    ['shared/', '(tools|hooks)'],
  ]
    .map((parts) => parts.join(''))
    .join('|'),
);
const UNFINISHED = new RegExp(
  `\\b(${['TO', 'FIX', 'XX'].map((half, i) => half + ['DO', 'ME', 'X'][i]).join('|')})\\b`,
);
const LEFT_OUT = /\b(?:it|test|describe)\.(?:skip|only|todo)\b/;

describe('the files of the tree', () => {
  it('are found', () => {
    expect(files).toContain('package.json');
    expect(files.filter((file) => file.endsWith('.wgsl')).length).toBeGreaterThan(5);
  });

  it(`have at most ${MOST_LINES.code} lines, shaders ${MOST_LINES.wgsl}`, () => {
    const long = files
      .filter((file) => isCode(file) || file.endsWith('.wgsl'))
      .map((file) => ({ file, lines: lines(read(file)) }))
      .filter((entry) => entry.lines > (entry.file.endsWith('.wgsl') ? MOST_LINES.wgsl : MOST_LINES.code));
    expect(long).toEqual([]);
  });

  it(`have at most ${MOST_COLUMNS} columns`, () => {
    const wide = files
      .filter((file) => isCode(file) || file.endsWith('.wgsl'))
      .flatMap((file) =>
        read(file)
          .split('\n')
          .map((line, i) => ({ place: `${file}:${i + 1}`, columns: line.length })),
      )
      .filter(({ columns }) => columns > MOST_COLUMNS);
    expect(wide).toEqual([]);
  });

  it(`stand at most ${MOST_FILES} to a folder`, () => {
    const counts = new Map<string, number>();
    for (const file of files) {
      const folder = dirname(file);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
  });

  it('name no path or host of the place where they were written', () => {
    // npm writes the lock file, and without addresses (.npmrc).
    const named = files.filter(isText).filter((file) => FOREIGN.test(read(file)));
    expect(named).toEqual([]);
    const resolved = [...read('package-lock.json').matchAll(/"resolved": "([^"]*)"/g)].map(([, to]) => to);
    expect(resolved.filter((to) => !existsSync(join(ROOT, to, 'package.json')))).toEqual([]);
  });

  it('promise no later work and leave out no test', () => {
    const code = files.filter((file) => isCode(file) || file.endsWith('.wgsl'));
    expect(code.filter((file) => UNFINISHED.test(read(file)))).toEqual([]);
    const tests = code.filter((file) => file.startsWith('test/') && file !== 'test/tree/files.test.ts');
    expect(tests.filter((file) => LEFT_OUT.test(read(file)))).toEqual([]);
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(read('package.json')) as {
    scripts: Record<string, string>;
    dependencies?: Record<string, string>;
    peerDependencies: Record<string, string>;
    peerDependenciesMeta: Record<string, { optional: boolean }>;
    devDependencies: Record<string, string>;
  };
  const commands = new Set(['start', 'test', ...Object.keys(manifest.scripts)]);

  it('has the npm commands that the documents name', () => {
    const documents = files.filter((file) => file.endsWith('.md'));
    const unknown = documents.flatMap((file) =>
      [...read(file).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
        .map((match) => match[1] ?? match[2])
        .filter((command) => !commands.has(command) || !manifest.scripts[command])
        .map((command) => `${file}: npm run ${command}`),
    );
    expect(unknown).toEqual([]);
  });

  it('forces no package on whoever installs it', () => {
    const { dependencies = {}, peerDependencies, peerDependenciesMeta } = manifest;
    expect(dependencies).toEqual({});
    expect(Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)).toEqual([]);
  });

  it('has a lock file with every package it names, and every platform of each', () => {
    const wanted = { ...manifest.peerDependencies, ...manifest.devDependencies };
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
    };
    expect(Object.keys(wanted).filter((name) => !lock.packages[`node_modules/${name}`])).toEqual([]);
    // `npm ci` refuses a lock file that lacks a platform's package, even on the other platforms.
    const missing = Object.values(lock.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !lock.packages[`node_modules/${name}`]?.version);
    expect(missing).toEqual([]);
  });
});
