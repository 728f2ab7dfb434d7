import { expect, it } from 'vitest';
import { optionsAsFlags } from '../../../src/cli/terminal/optionWords.js';

it('options of the library are written as the flags of a command, where it has them', () => {
  const flags = ['--bn-epsilon', '--scaling', '--no-history', '--ignore-missing', '--history'];
  const text = (said: string) => optionsAsFlags(said, flags);
  expect(text('`bnEpsilon` says it.')).toBe('--bn-epsilon says it.');
  expect(text('give `scaling: depth`, or `history: a b.json`')).toBe(
    'give --scaling depth, or --history a b.json',
  );
  expect(text('`history: false` and `ignoreMissing: true`')).toBe('--no-history and --ignore-missing');
  expect(text('`labels`, `npm start`, `scaling` of a `Map`')).toBe(
    '`labels`, `npm start`, --scaling of a `Map`',
  );
  expect(optionsAsFlags('`history: false`', [])).toBe('`history: false`');
});
