/** What the documents say of the tree: that the files they name exist, and how many files a new thing touches. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MOST = { new: 2, edited: 2 };

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const below = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(ROOT.length)
        .replaceAll('\\', '/'),
    )
    .sort();
/** Without comments, which may mention what they like. */
const program = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...['docs', 'bench', 'examples', 'test', 'web', 'weights']
    .flatMap(below)
    .filter((file) => file.endsWith('.md') && !/^docs\/api\/|\/node_modules\//.test(file)),
];
const SOURCES = below('src');

describe('the documents', () => {
  it('name only files that exist', () => {
    const missing = DOCUMENTS.flatMap((document) => {
      const text = read(document);
      const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
        normalize(join(dirname(document), target)),
      );
      // Of this project's folders, without placeholders.
      const named = [...text.matchAll(/`((?:src|test|scripts|bench|docs|examples|web|weights)\/[\w./-]*)`/g)];
      return [...linked, ...named.map(([, path]) => path)]
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${document}: ${path}`);
    });
    expect(missing).toEqual([]);
  });
});

interface Recipe {
  title: string;
  named: RegExp;
  new: string[];
  edited: string[];
}

/** The recipes of CONTRIBUTING.md. */
function recipes(): Recipe[] {
  const [, ...sections] = read('CONTRIBUTING.md').split(/^### /m);
  return sections.map((section) => {
    const paths = (kind: 'new' | 'edited') =>
      [...(section.match(new RegExp(`^- ${kind}: (.*)$`, 'm'))?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(
        ([, path]) => path,
      );
    const named = section.match(/<!-- named: (.*) -->/)?.[1] ?? '(?!)';
    return {
      title: section.split('\n')[0],
      named: new RegExp(named, 'i'),
      new: paths('new'),
      edited: paths('edited'),
    };
  });
}

describe('CONTRIBUTING.md', () => {
  it('has recipes for whatever can be added', () => {
    const kinds = recipes().map(({ title }) => title.split(':')[0]);
    expect(kinds).toEqual([
      'A kernel variant',
      'An operation',
      'An optimizer',
      'A loss',
      'A callback',
      'A weights format',
      'A command',
    ]);
  });

  it.each(recipes())('lists every file that knows $title, and few', (recipe) => {
    expect(recipe.new.length).toBeGreaterThan(0);
    expect(recipe.new.length).toBeLessThanOrEqual(MOST.new);
    expect(recipe.edited.length).toBeGreaterThan(0);
    expect(recipe.edited.length).toBeLessThanOrEqual(MOST.edited);
    const own = recipe.new.flatMap((path) => (path.endsWith('/') ? below(path) : [path]));
    const listed = new Set([...own, ...recipe.edited]);
    const knowing = SOURCES.filter((file) => own.includes(file) || recipe.named.test(program(file)));
    expect([...new Set([...knowing, ...own])].sort()).toEqual([...listed].sort());
  });
});
