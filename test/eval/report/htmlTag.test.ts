import { describe, expect, it } from 'vitest';
import { escapeHtml, html, trusted } from '../../../src/eval/report/htmlTag.js';

describe('html', () => {
  it('escapes unless told otherwise', () => {
    expect(String(html`<b title="${'"'}">${'<i>'}${[html`<u>${1}</u>`, null, '&']}</b>`)).toBe(
      '<b title="&quot;">&lt;i&gt;<u>1</u>&amp;</b>',
    );
  });

  it('takes markup of others as it is where it is trusted', () => {
    expect(html`<p>${trusted('<svg/>')}${'<svg/>'}</p>`.markup).toBe('<p><svg/>&lt;svg/&gt;</p>');
  });

  it('makes text safe inside quotes too', () => {
    expect(escapeHtml(`&amp; <a href="x">'y'</a>`)).toBe(
      '&amp;amp; &lt;a href=&quot;x&quot;&gt;&#39;y&#39;&lt;/a&gt;',
    );
  });
});
