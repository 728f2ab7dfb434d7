/** The report's style sheet. System fonts only: the page loads nothing. */
import { COLOURS, FIGURE_FONT } from './theme.js';

const c = COLOURS;

export const REPORT_CSS = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
body { margin: 0; background: ${c.paper}; color: ${c.ink}; font: 16px/1.6 ${FIGURE_FONT}; }
.page { display: grid; grid-template-columns: 13.5rem minmax(0, 54rem); gap: 3.5rem; justify-content: center;
  padding: 0 2rem 5rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 3.4rem 0 2rem;
  font-size: 13.5px; line-height: 1.35; }
nav strong { display: block; margin: 0 0 .7rem .8rem; font-size: 11px; letter-spacing: .09em;
  text-transform: uppercase; color: ${c.muted}; }
nav ol { list-style: none; margin: 0; padding: 0; border-left: 2px solid ${c.rule}; }
nav a { display: flex; gap: .6rem; padding: .34rem .8rem; margin-left: -2px; border-left: 2px solid transparent;
  color: ${c.muted}; text-decoration: none; }
nav a:hover, nav a:focus-visible { color: ${c.accent}; border-color: ${c.accent}; }
nav a span { min-width: .8rem; color: ${c.faint}; font-variant-numeric: tabular-nums; }
main { padding-top: 3rem; }
.notice { border: 1px solid #e8c9a0; background: #fdf6ec; color: ${c.warning}; border-radius: 6px;
  padding: .6rem 1rem; font-size: 14.5px; margin: 0 0 2.2rem; }
h1 { font-size: 2.25rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; margin: 0 0 .7rem; text-wrap: balance; }
h2 .number { color: ${c.accent}; margin-right: .55rem; font-weight: 400; }
h3 { font-size: 1.02rem; margin: 2rem 0 .6rem; }
section { margin-top: 3.6rem; padding-top: 2.2rem; border-top: 1px solid ${c.rule}; }
p { margin: 0 0 1rem; max-width: 44rem; }
.lead { color: ${c.muted}; margin: 0; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
pre { margin: 0 0 1rem; padding: .75rem 1rem; background: ${c.panel}; border-radius: 6px; white-space: pre-wrap; }
.word { display: inline-block; max-width: 100%; }
.facts { display: flex; flex-wrap: wrap; gap: 1px; margin: 2rem 0 0;
  padding: 1px; background: ${c.rule}; border-radius: 8px; overflow: hidden; }
.facts div { flex: 1 1 9.2rem; background: ${c.paper}; padding: .9rem 1.1rem; }
.facts dt { font-size: 12.5px; color: ${c.muted}; line-height: 1.3; }
.facts dd { margin: .15rem 0 0; font-size: 1.5rem; line-height: 1.25; font-weight: 700; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.facts small { display: block; font-size: 12.5px; font-weight: 400; letter-spacing: 0; color: ${c.muted}; }
figure { margin: 1.4rem 0 1.8rem; }
figure > div > svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .7rem; font-size: 14.5px; line-height: 1.5; color: ${c.muted}; max-width: 44rem; }
.table { overflow-x: auto; margin: 0 0 1.4rem; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; line-height: 1.4;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 14.5px; color: ${c.muted}; padding-bottom: .5rem; }
th, td { text-align: left; padding: .42rem .9rem .42rem 0; border-bottom: 1px solid ${c.rule}; vertical-align: top; }
th { font-weight: 600; font-size: 13px; color: ${c.muted}; border-bottom-color: ${c.faint}; white-space: nowrap;
  vertical-align: bottom; }
th[scope=row] { color: ${c.ink}; font-size: inherit; font-weight: 400; border-bottom-color: ${c.rule};
  vertical-align: top; white-space: normal; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 2rem; }
.n { text-align: right; padding-left: .9rem; padding-right: 0; white-space: nowrap; }
tfoot td, tfoot th[scope=row] { font-weight: 700; border-bottom: 0; }
.good { color: #00694d; } .bad { color: ${c.danger}; font-weight: 600; } .quiet { color: ${c.muted}; }
details { margin: 0 0 1.4rem; }
summary { cursor: pointer; color: ${c.accent}; font-size: 14.5px; margin-bottom: .6rem; }
.samples { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 1.5rem 1.1rem; }
.samples figure, .maps figure { margin: 0; }
.samples figcaption, .maps figcaption { font-size: 13px; line-height: 1.4; margin-top: .45rem; }
.picture { position: relative; background: #000; border-radius: 4px; overflow: hidden; }
.picture img { display: block; width: 100%; height: auto; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.box { fill: none; vector-effect: non-scaling-stroke; }
.box.under { stroke: #000; stroke-width: 3.4px; stroke-opacity: .55; }
.box.over { stroke: #fff; stroke-width: 1.6px; stroke-dasharray: 5 3; }
.file { display: block; font: 12px ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  color: ${c.muted}; overflow-wrap: anywhere; }
.tags { display: block; color: ${c.ink}; overflow-wrap: anywhere; }
.case { margin-top: 2rem; }
.case h3 { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline; margin: 0 0 .6rem; }
.case h3 .quiet { font-weight: 400; font-size: 14.5px; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.6rem, 1fr)); gap: .9rem .7rem; }
.maps b { color: ${c.ink}; } .maps .true { display: block; color: #00694d; }
.jet { display: flex; align-items: center; gap: .6rem; font-size: 13px; color: ${c.muted}; }
.jet span { width: 11rem; height: .7rem; border-radius: 2px; }
footer { margin-top: 4rem; padding-top: 1.2rem; border-top: 1px solid ${c.rule}; font-size: 13.5px; color: ${c.muted}; }
@media (max-width: 62rem) {
  .page { grid-template-columns: minmax(0, 54rem); gap: 0; padding: 0 1.2rem 3rem; }
  nav { position: static; padding: 1.5rem 0 0; } nav ol { display: flex; flex-wrap: wrap; border: 0; }
  nav strong { margin-left: 0; } nav a { padding: .2rem .9rem .2rem 0; border: 0; }
  main { padding-top: 1.5rem; } .samples { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
}
@media print {
  @page { margin: 16mm; }
  body { font-size: 10.5pt; } nav { display: none; } .page { display: block; padding: 0; } main { padding: 0; }
  section { margin-top: 1.6rem; padding-top: 1.2rem; }
  figure, .case, tr, .facts, .picture { break-inside: avoid; } h2, h3 { break-after: avoid; }
  tfoot { display: table-row-group; }
  .case { margin-top: 1.1rem; } .facts div { flex-basis: 6rem; padding: .6rem .8rem; }
  .maps { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .5rem; }
  .samples { grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); }
  .facts, .notice, .picture, .jet span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
