/** What the pages' elements look alike in: margins, the line of trust, messages, columns, cards, the line of facts. */
import { css } from 'lit';

export const frame = css`
  :host {
    display: block;
    position: relative;
    container-type: inline-size;
    background: var(--page);
    min-height: 100%;
  }
  .page {
    max-width: 1720px;
    margin: 0 auto;
    padding: 14px clamp(12px, 2cqw, 28px) 40px;
    display: grid;
    gap: 14px;
  }
  .trust {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 10px;
    padding: 8px 14px;
    border: 1px solid var(--warn-line);
    border-radius: var(--radius);
    background: var(--warn-soft);
    color: var(--warn-ink);
    font-size: 14px;
  }
  .trust svg {
    align-self: flex-start;
    margin-top: 1px;
  }
  .trust p {
    flex: 1 1 240px;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: 14px;
    box-shadow: var(--shadow);
    padding: 16px;
    min-width: 0;
  }
  .message {
    padding: 10px 14px;
    border-radius: var(--radius);
    font-size: 14px;
    background: var(--surface);
    border: 1px solid var(--line);
  }
  .message.bad {
    background: var(--bad-soft);
    border-color: transparent;
    color: var(--bad-ink);
  }
  .message.doubt {
    background: var(--warn-soft);
    border-color: var(--warn-line);
    color: var(--warn-ink);
  }
  h2 {
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  .start h1 {
    font-size: clamp(22px, 3cqw, 30px);
    letter-spacing: -0.02em;
    line-height: 1.2;
    text-wrap: balance;
  }
  .start .row {
    justify-content: center;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .grow {
    flex: 1;
  }
  .columns {
    display: grid;
    gap: 14px;
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 22px;
    font-size: 13px;
    color: var(--muted);
    padding: 0 4px;
  }
  .facts .adapter {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }
`;

/** Cards with settings at the side of those with results, or above them, and how far something is. */
export const sideBySide = css`
  .side,
  .main {
    display: grid;
    gap: 14px;
    min-width: 0;
  }
  .card {
    display: grid;
    gap: 14px;
  }
  progress {
    width: 100%;
    height: 8px;
    accent-color: var(--accent);
  }
  @container (min-width: 980px) {
    .columns {
      grid-template-columns: minmax(330px, 400px) minmax(0, 1fr);
    }
  }
`;

/** Tables of numbers, named in their first column. */
export const tables = css`
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 13.5px;
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    text-align: right;
    padding: 3px 0 3px 12px;
    border-bottom: 1px solid var(--line);
    font-weight: 400;
  }
  thead th {
    color: var(--muted);
  }
  th:first-child {
    text-align: left;
    padding-left: 0;
  }
`;
