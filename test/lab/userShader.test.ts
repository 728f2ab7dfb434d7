import { describe, expect, it } from 'vitest';
import { userShader } from '../../src/lab/userShader.js';

describe("a user's shader", () => {
  it('says after which variant it is modelled, in a comment of its own', () => {
    expect(userShader('a', '  //  like:  tiled PIXELS=8  \r\nfn main() {}').like).toBe('tiled PIXELS=8');
    expect(userShader('a', 'let x = 1;\n// like: naive').like).toBe('naive');
    expect(userShader('a', '// like:   \nfn main() {}').like).toBeUndefined();
    expect(userShader('a', 'let x = 1; // like: naive').like).toBeUndefined();
  });
});
