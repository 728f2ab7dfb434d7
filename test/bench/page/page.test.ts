import { describe, expect, it } from 'vitest';
import { compareDocuments } from '../../../bench/document/compare.js';
import { benchPage } from '../../../bench/page/page.js';
import { document, KERNELS, MODEL, PEERS } from '../document/documents.js';

describe('the page', () => {
  it('has every section, needs nothing from outside and escapes what it is given', async () => {
    const full = document({
      kernels: KERNELS,
      peers: PEERS,
      model: { rows: [MODEL], pipeline: [], scaling: null },
    });
    const page = await benchPage(full, compareDocuments(full, full));
    for (const id of ['peers', 'step', 'variants', 'roofline', 'model', 'comparison']) {
      expect(page).toContain(`<section id="${id}">`);
    }
    expect(page.match(/<svg /g)!.length).toBe(5);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)/);
    expect(page.match(/(?:src|href)="(?!#)[^"]*"/g)).toBeNull();
    expect(page).toContain('y[3] is 1 &amp; not &lt;2&gt;');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('FAILED');
  });
});
