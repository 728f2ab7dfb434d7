import { expect, it } from 'vitest';
import { countLines } from '../../../bench/embedding/countLines.js';

it('counts lines that are neither blank nor a comment alone', () => {
  const program = `/**\n * what it does\n */\nimport { a } from 'b';\n\n// why\na(); // how\n  \n/* here */ a();\n`;
  expect(countLines(program)).toBe(3);
  expect(countLines('')).toBe(0);
});
