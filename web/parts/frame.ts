/** What the pages' elements look alike in: the page's margins, the line of trust above, cards. */
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
