/**
 * Colours, sizes and the look of controls that every element shares. Each element brings them into its own shadow root,
 * so that it looks the same in a page that knows nothing of them; light or dark is what the page's `color-scheme` says.
 */
import { css } from 'lit';

/** Pairs are told apart by the common kinds of colour blindness; text has a contrast of 4.5 : 1 or more. */
export const tokens = css`
  :host {
    --page: light-dark(#f3f5f7, #0f1418);
    --surface: light-dark(#ffffff, #171e24);
    --raised: light-dark(#ffffff, #1f2830);
    --sunken: light-dark(#e9edf1, #0b0f12);
    --ink: light-dark(#16202a, #e8edf1);
    --muted: light-dark(#55636f, #9aa8b4);
    --line: light-dark(#d9e0e6, #2b363f);
    --line-strong: light-dark(#8593a0, #6b7b88);
    --accent: light-dark(#0a6675, #5cc7d6);
    --accent-ink: light-dark(#ffffff, #06232a);
    --accent-soft: light-dark(#e0f0f2, #12323a);
    --found: light-dark(#a5420d, #f3a15f);
    --found-soft: light-dark(#fbeadd, #3a2413);
    --truth: light-dark(#0a6675, #5cc7d6);
    --warn-ink: light-dark(#6b4600, #f1c77a);
    --warn-soft: light-dark(#fdf3de, #2d2310);
    --warn-line: light-dark(#e6c98a, #5a4719);
    --bad-ink: light-dark(#8f1d1d, #ff9d94);
    --bad-soft: light-dark(#fdeaea, #371616);
    --radius: 10px;
    --shadow: 0 1px 2px light-dark(rgb(20 30 40 / 8%), rgb(0 0 0 / 40%));
    --font: system-ui, -apple-system, 'Segoe UI', Roboto, 'Open Sans', 'Noto Sans', sans-serif;
    color: var(--ink);
    font: 15px/1.5 var(--font);
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden],
  :host([hidden]) {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p {
    margin: 0;
  }
  ol,
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .offscreen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .quiet {
    color: var(--muted);
    font-size: 13.5px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
`;

export const controls = css`
  button,
  select,
  .button {
    font: inherit;
    font-size: 14px;
    color: var(--ink);
    background: var(--raised);
    border: 1px solid var(--line);
    border-radius: 8px;
    padding: 0 14px;
    min-height: 36px;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    cursor: pointer;
    white-space: nowrap;
  }
  button:hover:not(:disabled),
  select:hover:not(:disabled),
  .button:hover {
    border-color: var(--line-strong);
  }
  button:disabled,
  select:disabled {
    color: var(--muted);
    opacity: 0.6;
    cursor: default;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--accent-ink);
    font-weight: 600;
  }
  button.primary:hover:not(:disabled) {
    filter: brightness(1.08);
  }
  button.plain {
    background: transparent;
    border-color: transparent;
    padding: 0 8px;
  }
  button.plain:hover:not(:disabled) {
    background: var(--sunken);
  }
  button[aria-pressed='true'] {
    background: var(--accent-soft);
    border-color: var(--accent);
  }
  button.square {
    padding: 0;
    width: 36px;
  }
  select,
  input[type='number'],
  input[type='text'] {
    padding: 0 8px;
  }
  input[type='number'],
  input[type='text'] {
    font: inherit;
    font-size: 14px;
    color: var(--ink);
    background: var(--raised);
    border: 1px solid var(--line-strong);
    border-radius: 8px;
    min-height: 36px;
  }
  label.field {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    font-size: 14px;
  }
  input[type='range'] {
    accent-color: var(--accent);
    min-width: 90px;
    flex: 1;
    height: 24px;
    margin: 0;
  }
  input[type='checkbox'] {
    accent-color: var(--accent);
    width: 16px;
    height: 16px;
    margin: 0;
  }
  svg.icon {
    width: 18px;
    height: 18px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
    flex: none;
  }
  @media (prefers-reduced-motion: no-preference) {
    button,
    .button {
      transition:
        border-color 0.12s,
        background-color 0.12s;
    }
  }
`;
