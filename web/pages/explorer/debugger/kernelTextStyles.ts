/** How shaders are printed. */
import { css } from 'lit';

export const kernelTextStyles = css`
  :host {
    display: grid;
    gap: 10px;
    min-width: 0;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .what {
    max-width: 74ch;
  }
  code,
  pre,
  .code table {
    font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
    font-size: 12.5px;
    overflow-wrap: anywhere;
  }
  pre {
    margin: 0;
    padding: 12px 14px;
    border-radius: 8px;
    background: var(--sunken);
    overflow-x: auto;
    line-height: 1.55;
    overflow-wrap: normal;
  }
  .code {
    max-height: 560px;
    overflow: auto;
    border: 1px solid var(--line);
    border-radius: 8px;
  }
  .code table {
    border-collapse: collapse;
    line-height: 1.5;
    min-width: 100%;
  }
  .code .at {
    color: var(--muted);
    text-align: right;
    padding: 0 8px;
    white-space: nowrap;
    user-select: none;
    vertical-align: top;
    background: var(--sunken);
  }
  .code td {
    white-space: pre;
    padding: 0 10px 0 8px;
    overflow-wrap: normal;
  }
  .code td i {
    color: var(--muted);
    font-style: normal;
  }
  col.at {
    width: 3.4em;
  }
  table.two {
    table-layout: fixed;
    width: 100%;
  }
  .two td:not(.at),
  .one td:not(.at) {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .two td b,
  .one td b {
    display: inline-block;
    width: 1.2em;
    font-weight: 600;
  }
  td.left,
  b.left {
    background: var(--found-soft);
  }
  td.right,
  b.right {
    background: var(--accent-soft);
  }
  td.left i,
  td.right i {
    color: inherit;
  }
  td.empty {
    background: var(--sunken);
  }
  .quiet b {
    display: inline-block;
    min-width: 1.4em;
    text-align: center;
    border-radius: 4px;
    color: var(--ink);
  }
  .fold td {
    text-align: center;
    color: var(--muted);
    background: var(--sunken);
    font-family: var(--font);
    padding: 2px;
  }
`;
