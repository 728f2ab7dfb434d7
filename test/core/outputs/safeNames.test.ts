import { describe, expect, it } from 'vitest';
import { FreeNames, safeName } from '../../../src/core/outputs/safeNames.js';

const bytes = (text: string) => new TextEncoder().encode(text).length;

describe('safeName', () => {
  const cases: [string, string][] = [
    ['Pleural_Thickening', 'Pleural_Thickening'],
    ['Lung Opacity/Consolidation', 'Lung-Opacity-Consolidation'],
    ['../../escaped', 'escaped'],
    ['..', 'unnamed'],
    ['.', 'unnamed'],
    ['', 'unnamed'],
    ['/', 'unnamed'],
    ['.hidden', 'hidden'],
    ['--overwrite', 'overwrite'],
    ['a\0b\nc\x1b[31m', 'a-b-c-31m'],
    ['a\\..\\b', 'a-.-b'],
    ['C:\\x', 'C-x'],
    ['con', '_con'],
    ['LPT1.txt', '_LPT1.txt'],
    ['a. ', 'a'],
    ['v1.2-b', 'v1.2-b'],
    ['Lungenödem', 'Lungenödem'],
    ['肺炎', '肺炎'],
  ];
  it.each(cases)('%j becomes %j', (text, name) => {
    expect(safeName(text)).toBe(name);
    expect(safeName(name)).toBe(name);
  });

  it('is at most 255 bytes long, cut between characters', () => {
    for (const text of ['x'.repeat(1000), 'ä'.repeat(1000), '肺'.repeat(1000), '𝒜'.repeat(500)]) {
      const name = safeName(text);
      expect(bytes(name)).toBeLessThanOrEqual(255);
      expect(bytes(name)).toBeGreaterThan(250);
      expect(name).not.toContain('\uFFFD');
    }
  });
});

describe('FreeNames', () => {
  it('gives no name twice, on no file system', () => {
    const names = new FreeNames(['a.png', 'B.png']);
    const given = ['a', 'A', 'b', 'a-2', 'a/2', 'a 2', 'e\u0301', '\u00e9', 'É'].map((text) =>
      names.take(text, '.png'),
    );
    const keys = given.map((name) => name.normalize('NFC').toLowerCase());
    expect(new Set([...keys, 'a.png', 'b.png']).size).toBe(given.length + 2);
    expect(given[0]).toBe('a-2.png');
  });

  it('keeps the ending and the length', () => {
    const names = new FreeNames();
    const given = Array.from({ length: 12 }, () => names.take('x'.repeat(400), '.png'));
    expect(new Set(given).size).toBe(12);
    for (const name of given) {
      expect(bytes(name)).toBeLessThanOrEqual(255);
      expect(name).toMatch(/\.png$/);
    }
  });
});
