/** The examples of a document: a section's code blocks as one program, and what each of its lines is said to print. */
import { inspect } from 'node:util';
import { expect } from 'vitest';
import * as browser from '../../../src/index.js';
import * as lab from '../../../src/lab.js';
import * as node from '../../../src/node.js';
import * as phantoms from '../../../src/phantoms.js';
import * as reading from '../../../src/reading.js';

type Names = Readonly<Record<string, unknown>>;

/** What the package's doors export. */
export const DOORS: Readonly<Record<string, Names>> = {
  chexgpu: browser,
  'chexgpu/lab': lab,
  'chexgpu/phantoms': phantoms,
  'chexgpu/reading': reading,
  'chexgpu/node': node,
};

/** Code for Node or for a page, and what its lines print. */
export interface Program {
  readonly code: string;
  readonly imports: ReadonlyMap<string, string>;
  /** By line: what stands behind `console.log(...)`; `...` where it is anybody's guess. */
  readonly printed: ReadonlyMap<number, string>;
}

const IMPORT = /^import \{([^}]*)\} from '([^']+)';$/gm;

/** One program per `## ` section that has code for the host. */
export function programsOf(document: string, host: 'node' | 'page'): [title: string, program: Program][] {
  const sections = document.split(/^## /m).slice(1);
  return sections.flatMap((section): [string, Program][] => {
    const program = programOf(section, host);
    return program ? [[section.split('\n')[0], program]] : [];
  });
}

/** All code blocks of a text for the host as one program; null where there is none. */
export function programOf(text: string, host: 'node' | 'page'): Program | null {
  const blocks = [...text.matchAll(/^```js( page| node)?\n([\s\S]*?)^```$/gm)];
  const wanted = blocks.filter(([, kind]) => (kind === ' page') === (host === 'page'));
  if (wanted.length === 0) return null;
  const code = wanted.map(([, , block]) => block).join('\n');
  const imports = new Map<string, string>();
  for (const [, names, from] of code.matchAll(IMPORT)) {
    for (const name of names.split(',').map((one) => one.trim())) if (name) imports.set(name, from);
  }
  const lines = code.replace(IMPORT, '').split('\n');
  const printed = new Map<number, string>();
  const numbered = lines.map((line, i) => {
    const said = /console\.log\(.*\/\/ (.*)$/.exec(line);
    if (said) printed.set(i, said[1]);
    return line.replace('console.log(', `print(${i}, `);
  });
  return { code: numbered.join('\n'), imports, printed };
}

/** Runs a program in this process and compares what it prints with what its lines say. */
export async function runHere(program: Program): Promise<void> {
  const found = new Map<number, readonly unknown[]>();
  const print = (line: number, ...values: unknown[]) => void found.set(line, values);
  const modules = new Map<string, Names>(Object.entries(DOORS));
  for (const from of program.imports.values()) {
    if (from.startsWith('node:')) modules.set(from, (await import(from)) as Names);
  }
  const names = [...program.imports].map(([name, from]) => [name, modules.get(from)?.[name]] as const);
  expect(names.filter(([, value]) => value === undefined).map(([name]) => name)).toEqual([]);
  const run = new AsyncFunction('print', ...names.map(([name]) => name), program.code);
  await run(print, ...names.map(([, value]) => value));
  comparePrinted(program, found);
}

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>;

/** @param found by line, what was printed */
export function comparePrinted({ printed }: Program, found: ReadonlyMap<number, readonly unknown[]>): void {
  const said = (line: number, wanted: string) => {
    const values = found.get(line);
    if (values === undefined) return 'nothing';
    return wanted === '...' ? wanted : words(values);
  };
  const lines = [...printed];
  expect(lines.map(([line, wanted]) => said(line, wanted))).toEqual(lines.map(([, wanted]) => wanted));
}

const words = (values: readonly unknown[]): string =>
  values.map((one) => (typeof one === 'string' ? one : inspect(one, { breakLength: Infinity }))).join(' ');
