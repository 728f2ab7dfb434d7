/** The style of a page of maps: the report's, with tiles, bars, and colours for the dark. */
import { REPORT_CSS } from '../report/reportStyle.js';
import { COLOURS } from '../report/theme.js';
import { colourOf, type SpriteColours } from './mapSprite.js';

const c = COLOURS;

const ramp = (colours: SpriteColours): string =>
  [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1]
    .map((t) => `rgb(${colourOf(t, colours).join(' ')})`)
    .join(', ');

const RAMPS = (['signed', 'unsigned', 'gray'] as const)
  .map((colours) => `.ramp.${colours} { background: linear-gradient(to right, ${ramp(colours)}); }`)
  .join('\n');

export const INSPECTION_CSS = `${REPORT_CSS}
:root { color-scheme: light dark; --paper: ${c.paper}; --ink: ${c.ink}; --muted: ${c.muted}; --rule: ${c.rule};
  --accent: ${c.accent}; --panel: ${c.panel}; --forward: ${c.accent}; --back: #e09a3e; }
@media (min-width: 62.01rem) { .page { grid-template-columns: 13.5rem minmax(0, 70rem); } }
nav a span { color: var(--muted); }
.lead { max-width: 48rem; } header .notice { margin: 1rem 0 0; }
.what { font-weight: 400; color: var(--muted); }
h3 .what, h4 .what { font-size: 14.5px; }
h4 { font-size: 1rem; margin: 0 0 .6rem; }
.layer { margin: 0 0 2.2rem; }
.layer > h3 { margin-top: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 1.6rem; }
.tiles figure { margin: 0; min-width: 0; }
.tiles img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; background: var(--panel); }
.tiles figcaption { font-size: 13px; line-height: 1.45; margin-top: .4rem; max-width: 34rem; color: var(--muted); }
.scale { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ramp { display: inline-block; width: 4.5rem; height: .6rem; border-radius: 2px; vertical-align: -.02rem;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
${RAMPS}
.made { margin: .7rem 0 0; font-size: 13.5px; line-height: 1.5; }
.made div { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: .1rem 1rem; padding: .22rem 0;
  border-top: 1px solid var(--rule); }
.made dt { color: var(--muted); } .made dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.shape { font-variant-numeric: tabular-nums; white-space: nowrap; }
.by { display: block; color: var(--muted); }
details.unit { border-top: 1px solid var(--rule); margin: 0; padding: .55rem 0; }
details.unit > summary { margin: 0; font-size: 16px; }
details.unit > summary h3 { display: inline; margin: 0; }
details.unit[open] > summary { margin-bottom: 1.2rem; }
.xray { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; align-items: flex-start; }
.xray figure { margin: 0; flex: 0 1 20rem; } .xray > .table { flex: 1 1 22rem; }
.xray img { width: 100%; image-rendering: pixelated; }
.bar { display: flex; width: 100%; min-width: 4rem; height: .5rem; margin: .3rem 0 .1rem; }
.parts th:nth-child(3) { width: 40%; } .xray .table { max-width: 40rem; }
.bar span { display: block; height: 100%; }
.bar .forward { background: var(--forward); } .bar .back { background: var(--back); }
.bar, .strip svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.strip svg { display: block; width: 100%; height: 90px; border-bottom: 1px solid var(--rule); }
.strip .forward { fill: var(--forward); } .strip .back { fill: var(--back); }
.formulas dt { font-weight: 600; margin-top: .9rem; } .formulas dd { margin: .1rem 0 0; }
@media (max-width: 40rem) {
  .made div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .page { padding: 0 .9rem 3rem; } th, td { padding-right: .5rem; } .n { padding-left: .5rem; }
  .parts th:nth-child(2), .parts td:nth-child(2), .xray td:nth-child(2), .xray th:nth-child(2) { display: none; }
  h1 { font-size: 1.7rem; }
}
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6eaee; --muted: #a5b1bc; --rule: #323b44; --accent: #6cb6ea; --panel: #1e242b;
    --forward: #4ea3dc; --back: #e0a04a; }
  body { background: var(--paper); color: var(--ink); }
  nav strong, nav a, nav a span, .lead, figcaption, caption, th, .quiet, footer { color: var(--muted); }
  nav ol, section, footer, th, td, th[scope=row] { border-color: var(--rule); }
  nav a:hover, nav a:focus-visible, h2 .number, summary, a { color: var(--accent); }
  th[scope=row] { color: var(--ink); }
  .notice { background: #2b2417; border-color: #6b5530; color: #f0c98a; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  .layer, .tiles figure { break-inside: avoid; }
}
`;
