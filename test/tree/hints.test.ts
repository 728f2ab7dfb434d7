/** The library speaks of options, in backticks; only the command knows flags, and writes the one as the other. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** What is no hint: help of the flags' registries, whole commands of a shell, style sheets. */
const OTHERWISE = [
  /^\s*help: /,
  /^\s*weights: ['"](drawn|on data drawn) with --seed/,
  /\b(chexgpu|npm|tensorboard|Chrome)\b.* --[a-z]/,
  /style="--|var\(--|^\s*--[a-z-]+:/,
];
/** A file that `chexgpu lab` writes, in which its flags stand. */
const LAB_FILE = 'src/lab/operations.ts';

/** Lines with a flag in a text, without those of comments. */
function flagsIn(source: string): string[] {
  return source.split('\n').filter((line) => {
    const code = line.replace(/(^|\s)\/\/.*$/, '');
    if (/^\s*(\/?\*)/.test(code) || OTHERWISE.some((other) => other.test(code))) return false;
    return /['"`].*(^|[^\w-])--[a-z]/.test(code);
  });
}

describe('what the library says', () => {
  it('names no flags', () => {
    const all = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`);
    const files = all.filter((file) => /\.ts$/.test(file) && !/^src\/cli\//.test(file) && file !== LAB_FILE);
    expect(files.length).toBeGreaterThan(300);
    const found = files.flatMap((file) =>
      flagsIn(readFileSync(file, 'utf8')).map((line) => `${file}: ${line}`),
    );
    expect(found).toEqual([]);
  });

  it('would be found', () => {
    const lines = [
      "throw new UsageError('x', 'Give --labels.');",
      '  `Begin anew: --weights here.`,',
      "const words = 'It is --bn-epsilon';",
    ];
    expect(flagsIn(lines.join('\n'))).toEqual(lines);
    expect(
      flagsIn("/** `--loss` */\n  help: 'better --monitor',\n i--;\n'Go on with: chexgpu train --resume x'"),
    ).toEqual([]);
  });
});
