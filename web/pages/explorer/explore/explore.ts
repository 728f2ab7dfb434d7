/** `<chexgpu-explore>`: the picture of the network with its levels. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls, tokens } from '../../../parts/tokens.js';
import type { ExplorerSession } from '../session.js';

@customElement('chexgpu-explore')
export class ChexgpuExplore extends LitElement {
  static override styles = [
    tokens,
    controls,
    css`
      :host {
        display: block;
      }
    `,
  ];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;

  override render(): TemplateResult {
    const { session } = this;
    if (!session) return html``;
    return html`<p>${session.network.title}</p>`;
  }
}
