/** How the Trainer is laid out: data and settings at the side of curves and results, or above them. */
import { css } from 'lit';

export const trainerStyles = css`
  .columns {
    display: grid;
    gap: 14px;
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
  }
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
  h1,
  h2 {
    margin: 0;
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.005em;
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
  .start {
    place-items: center;
    min-height: min(46vh, 460px);
    border: 2px dashed var(--line-strong);
    border-radius: 18px;
    text-align: center;
    padding: 28px 18px;
    align-content: center;
  }
  .start h1 {
    font-size: clamp(22px, 3cqw, 30px);
    letter-spacing: -0.02em;
    line-height: 1.2;
    text-wrap: balance;
  }
  .start p {
    max-width: 560px;
  }
  .start .row {
    justify-content: center;
  }
  .over .start {
    outline: 3px solid var(--accent);
    outline-offset: 4px;
  }
  .count {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    font-size: 14px;
  }
  .count input {
    font: inherit;
    font-size: 14px;
    color: var(--ink);
    background: var(--raised);
    border: 1px solid var(--line-strong);
    border-radius: 8px;
    padding: 0 8px;
    width: 84px;
    min-height: 36px;
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
  .message.good {
    background: var(--accent-soft);
    border-color: transparent;
  }
  summary {
    color: var(--muted);
    font-size: 14px;
    cursor: pointer;
  }
  details[open] summary {
    margin-bottom: 12px;
  }
  .notes {
    margin: 0;
    padding: 0;
    list-style: none;
    font-size: 13px;
    color: var(--muted);
    max-height: 7.5em;
    overflow-y: auto;
  }
  .charts {
    display: grid;
    gap: 18px 26px;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr));
  }
  .charts h3 {
    font-size: 13.5px;
    font-weight: 600;
    margin-bottom: 4px;
  }
  progress {
    width: 100%;
    height: 8px;
    accent-color: var(--accent);
  }
  .status {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 20px;
    font-size: 14px;
    font-variant-numeric: tabular-nums;
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
  @container (min-width: 980px) {
    .columns {
      grid-template-columns: minmax(330px, 400px) minmax(0, 1fr);
    }
  }
`;
