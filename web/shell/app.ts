/** `<chexgpu-app>`: the head with navigation and theme, and the page that the address names. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { PageEntry } from '../pages/pageEntry.js';
import { PAGES } from '../pages/registry.js';
import { icons } from '../parts/icons.js';
import { controls, tokens } from '../parts/tokens.js';
import { keepOffline } from './offline.js';
import { chooseTheme, keptTheme, THEMES, type Theme } from './theme.js';

/** When the pages are kept for use without a network, should the page not say that it is ready. */
const KEEP_AFTER_MS = 20_000;

const THEME_WORDS: Record<Theme, string> = { auto: 'as the system', light: 'light', dark: 'dark' };

/** What stands behind a `?` is the page's own. */
const pageInAddress = (): PageEntry =>
  PAGES.find(({ id }) => `#${id}` === location.hash.split('?')[0]) ?? PAGES[0];

@customElement('chexgpu-app')
export class ChexgpuApp extends LitElement {
  static override styles = [
    tokens,
    controls,
    css`
      :host {
        display: grid;
        grid-template-rows: auto 1fr;
        min-height: 100vh;
        background: var(--page);
      }
      header {
        display: flex;
        align-items: center;
        gap: 8px 20px;
        padding: 8px clamp(12px, 2vw, 28px);
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 10px;
        font-weight: 650;
        font-size: 17px;
        letter-spacing: -0.01em;
        margin: 0;
      }
      nav {
        display: flex;
        gap: 2px;
        flex: 1;
      }
      nav a {
        color: var(--muted);
        text-decoration: none;
        padding: 7px 12px;
        border-radius: 8px;
        font-size: 14.5px;
      }
      @media (max-width: 460px) {
        header {
          gap: 6px;
        }
        .brand {
          font-size: 0;
          gap: 0;
        }
        nav a {
          padding: 7px;
        }
      }
      nav a:hover {
        color: var(--ink);
        background: var(--sunken);
      }
      nav a[aria-current] {
        color: var(--accent);
        background: var(--accent-soft);
        font-weight: 600;
      }
      main {
        min-width: 0;
      }
      .skip {
        position: absolute;
        left: 12px;
        top: -60px;
        background: var(--raised);
        color: var(--ink);
        padding: 8px 14px;
        border-radius: 8px;
        z-index: 10;
      }
      .skip:focus {
        top: 8px;
      }
      .toast {
        position: fixed;
        right: 16px;
        bottom: 16px;
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 10px 12px 10px 16px;
        background: var(--raised);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        box-shadow: 0 6px 24px rgb(0 0 0 / 18%);
        z-index: 10;
      }
      .failed {
        padding: 40px;
      }
    `,
  ];

  @state() private accessor current: PageEntry = pageInAddress();
  /** Pages that were opened stay, and what they do goes on. */
  @state() private accessor opened: readonly { page: PageEntry; element: HTMLElement }[] = [];
  @state() private accessor theme: Theme = keptTheme();
  @state() private accessor failure = '';
  @state() private accessor takeOver: (() => void) | null = null;
  private keeping = false;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('hashchange', this.follow);
    // It would take the network's and the processor's time from the page that is opening.
    this.addEventListener('chexgpu-ready', this.keep);
    setTimeout(this.keep, KEEP_AFTER_MS);
    // A file dropped beside the page would take its place.
    for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
    void this.show(this.current);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.follow);
  }

  private readonly follow = () => void this.show(pageInAddress());

  private readonly keep = () => {
    if (this.keeping) return;
    this.keeping = true;
    void keepOffline((takeOver) => {
      this.takeOver = takeOver;
    });
  };

  private async show(page: PageEntry): Promise<void> {
    this.current = page;
    this.failure = '';
    document.title = `${page.title} · chexgpu`;
    if (this.opened.some((one) => one.page === page)) return;
    try {
      await page.element();
    } catch (error) {
      this.failure = `The page could not be loaded (${error instanceof Error ? error.message : error}).`;
      return;
    }
    if (this.opened.some((one) => one.page === page)) return;
    this.opened = [...this.opened, { page, element: document.createElement(page.tag) }];
  }

  private nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    chooseTheme(this.theme);
  }

  private skip(): void {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  }

  override render(): TemplateResult {
    const { current, theme, opened, failure, takeOver } = this;
    for (const { page, element } of opened) element.hidden = page !== current;
    return html`
      <header>
        <button class="skip" type="button" @click=${this.skip}>Skip to the page</button>
        <p class="brand"><img src="icon.svg" alt="" width="30" height="30" />chexgpu</p>
        <nav aria-label="Pages">
          ${PAGES.map(
            (page) =>
              html`<a href="#${page.id}" aria-current=${page === current ? 'page' : nothing}>${page.title}</a>`,
          )}
        </nav>
        <button
          class="plain"
          type="button"
          @click=${this.nextTheme}
          aria-label="Colours: ${THEME_WORDS[theme]}. Change"
          title="Colours: ${THEME_WORDS[theme]}"
        >
          ${icons[theme]}
        </button>
      </header>
      <main tabindex="-1">
        ${failure ? html`<p class="failed" role="alert">${failure}</p>` : null} ${opened.map(({ element }) => element)}
      </main>
      ${
        takeOver
          ? html`<div class="toast" role="status">
              A new version is there. <button class="primary" type="button" @click=${takeOver}>Load it</button>
            </div>`
          : null
      }
    `;
  }
}
