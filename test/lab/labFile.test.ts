import { describe, expect, it } from 'vitest';
import { labFile } from '../../src/lab/labFile.js';

describe("a user's shader", () => {
  it('says after which variant it is modelled, in a comment of its own', () => {
    expect(labFile('a', '  //  like:  tiled PIXELS=8  \r\nfn main() {}').like).toBe('tiled PIXELS=8');
    expect(labFile('a', 'let x = 1;\n// like: naive').like).toBe('naive');
    expect(labFile('a', '// like:   \nfn main() {}').like).toBeUndefined();
    expect(labFile('a', 'let x = 1; // like: naive').like).toBeUndefined();
  });

  it('is searched without comments, also where one is not closed', () => {
    expect(labFile('a', '/* const A: u32 = 1; */\nconst B: u32 = 2;').constants).toEqual(new Set(['B']));
    expect(labFile('a', 'const A: u32 = 1;\n/* const B: u32 = 2;').constants).toEqual(new Set(['A']));
    expect(labFile('a', '\n\n  enable f16;\nenable subgroups;').enables).toBe('f16,subgroups');
  });

  it('is read at once, whatever it holds', () => {
    const started = performance.now();
    for (const part of ['\n', '/*', '//', ' ', '// like:', '@group(0)', 'const a: u32 = ', 'enable ']) {
      labFile('a', part.repeat(200_000 / part.length));
      labFile('a', `// like: ${part.repeat(200_000 / part.length)} x`);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
