/** docs/how-it-works: the code runs and prints what it says, the shaders quoted are the shaders there are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { programOf, programsOf, runHere } from '../support/programs/documentPrograms.js';

const FOLDER = fileURLToPath(new URL('../../docs/how-it-works', import.meta.url));
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const FILES = readdirSync(FOLDER);
const ESSAYS = FILES.filter((name) => /^\d-.*\.md$/.test(name)).sort();
const ANSWERS = programsOf(read('answers.md'), 'node');

/** Lines without the spaces around them, so that a quotation may be indented as it pleases. */
const bare = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');

describe.each(ESSAYS)('docs/how-it-works/%s', (name) => {
  const text = read(name);

  it('runs and prints what it says', async () => {
    const program = programOf(text, 'node');
    expect(program?.printed.size).toBeGreaterThan(0);
    await runHere(program!);
  });

  it('quotes shaders word for word from files that it links', () => {
    const linked = [...text.matchAll(/\]\((\.\.\/[^)]+\.wgsl)\)/g)].map(([, path]) => bare(read(path)));
    const quoted = [...text.matchAll(/^```wgsl\n([\s\S]*?)^```$/gm)].map(([, code]) => bare(code));
    expect(quoted.filter((code) => !linked.some((shader) => shader.includes(code)))).toEqual([]);
  });

  it('has every decimal number of its text from its code', () => {
    const blocks = [...text.matchAll(/^```[\s\S]*?^```$/gm)].map(([block]) => block);
    const answers = ANSWERS.filter(([title]) => title.startsWith(name[0])).map(([, { code }]) => code);
    const code = [...blocks, ...answers].join('\n');
    const words = text.replace(/^```[\s\S]*?^```$|^ {4}.*$|\]\([^)]*\)|`[^`]*`/gm, '');
    const numbers = words.match(/(?<![\w.])\d+\.\d+(?![\w]|\.\d)/g) ?? [];
    const own = new RegExp(`^${name[0]}\\.[12]$`); // exercises
    expect(numbers.filter((number) => !own.test(number) && !code.includes(number))).toEqual([]);
  });

  it('has two exercises with answers, and pictures that are there, small and described', () => {
    const asked = [...text.matchAll(/^(\d\.\d)\. /gm)].map(([, number]) => number);
    expect(asked).toEqual([`${name[0]}.1`, `${name[0]}.2`]);
    const answered = ANSWERS.map(([title]) => title.split(' ')[0]);
    expect(answered.filter((number) => number.startsWith(name[0]))).toEqual(asked);
    const pictures = [...text.matchAll(/!\[([^\]]+(?:\[[^\]]*\][^\]]*)*)\]\(([^)]+)\)/g)];
    expect(pictures.length).toBeGreaterThan(0);
    for (const [, words, file] of pictures) {
      expect(words.length, file).toBeGreaterThan(30);
      expect(read(file).length, file).toBeLessThan(60_000);
    }
  });
});

describe('docs/how-it-works/answers.md', () => {
  it.each(ANSWERS)('%s', async (_, program) => {
    expect(program.printed.size).toBeGreaterThan(0);
    await runHere(program);
  });
});

describe('docs/how-it-works/lesson.md', () => {
  const text = read('lesson.md');
  const explorer = (file: string) =>
    readFileSync(fileURLToPath(new URL(`../../web/pages/explorer/${file}`, import.meta.url)), 'utf8');

  it('names steps of the tour, tabs and exercises that there are', () => {
    const titles = [...`${explorer('tour/steps.ts')}${explorer('tabs.ts')}`.matchAll(/title: '([^']+)'/g)];
    const known = new Set([...titles.map(([, title]) => title), 'would', 'What 0.5 means', 'Afterwards']);
    const named = [...text.replaceAll('**', '').matchAll(/\*([^*]+)\*/g)].map(([, words]) => words);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((words) => !known.has(words))).toEqual([]);
    const answered = new Set(ANSWERS.map(([title]) => title.split(' ')[0]));
    const exercises = [...text.matchAll(/exercises? ([\d., or]+)/g)].flatMap(
      ([, list]) => list.match(/\d\.\d/g) ?? [],
    );
    expect(exercises.length).toBeGreaterThan(5);
    expect(exercises.filter((number) => !answered.has(number))).toEqual([]);
  });
});

it('docs/how-it-works/glossary.md is in alphabetical order', () => {
  const words = [...read('glossary.md').matchAll(/^- \*\*([^*]+)\*\*/gm)].map(([, word]) =>
    word.toLowerCase(),
  );
  expect(words).toEqual(words.toSorted());
});
