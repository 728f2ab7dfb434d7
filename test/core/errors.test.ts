import { describe, expect, it } from 'vitest';
import * as errors from '../../src/core/errors.js';

describe('errors', () => {
  it('say the names of their classes, as words that no minifier touches', () => {
    const kinds = Object.entries(errors) as [string, new (...args: never[]) => errors.ChexError][];
    expect(kinds.length).toBeGreaterThan(7);
    for (const [name, Kind] of kinds) {
      const made = Reflect.construct(Kind, ['one', ['two']]) as errors.ChexError;
      expect(made).toBeInstanceOf(errors.ChexError);
      expect(made.name).toBe(name);
      expect(`${made.stack}`).not.toContain('undefined');
    }
  });

  it('of missing packages name the command that installs them', () => {
    const { message, code } = new errors.MissingPackageError('Drawing', ['vega', 'vega-lite']);
    expect(message).toBe(
      'Drawing needs the npm packages vega and vega-lite. Install with: npm i vega vega-lite',
    );
    expect(code).toBe('usage');
  });
});
