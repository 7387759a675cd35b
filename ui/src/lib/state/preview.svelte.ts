//! Papers on the screen before they are printed: page by page, a few at a time from Rust, which
//! draws them from the very file that would be printed.
import { type Answer, rpc } from "$lib/backend";
import type { PaperKind } from "$lib/gen/PaperKind";
import type { PreviewSheet } from "$lib/gen/PreviewSheet";
import type { Report } from "$lib/gen/Report";
import { errorText } from "./strip.svelte";

type Pages = Answer<"document.preview">;
/** Pages of one paper from one on; later ones are of the moment of the first. */
export type Ask = (from: number, made_at: string | undefined) => Promise<Pages>;

/** What `print.submit` would print; with a job, what `print.retry` would. */
export function askPaper(kind: PaperKind, id: string, job_id?: string, part?: number): Ask {
  return (from, made_at) => rpc("document.preview", { kind, id, part, job_id, from, made_at });
}

/** What `report.print` would print. */
export function askList(report: Report): Ask {
  return (from, made_at) => rpc("report.preview", { report, from, made_at });
}

/** Below this nobody notices a wait. */
const NOTICED_MS = 300;
/** As many as come with one answer (`PREVIEW_PAGES`). */
const AT_ONCE = 4;

type Known = Omit<Pages, "sheets"> & { sheets: Record<number, PreviewSheet> };

export class PreviewPages {
  /** Which of the papers, from 0, and which of its pages, from 1. */
  paper = $state(0);
  page = $state(1);
  slow = $state(false);
  failed = $state("");
  /** It is another paper than when it was opened. */
  changed = $state(false);
  #known = $state.raw<Record<number, Known>>({});
  readonly asks: Ask[];

  constructor(asks: Ask[]) {
    this.asks = asks;
  }

  get shown(): Known | undefined {
    return this.#known[this.paper];
  }
  get sheet(): PreviewSheet | undefined {
    return this.shown?.sheets[this.page];
  }
  get isFirst(): boolean {
    return this.paper === 0 && this.page === 1;
  }
  get isLast(): boolean {
    const { shown } = this;
    return this.paper === this.asks.length - 1 && (!shown || this.page >= shown.pages);
  }

  /** The page after or before, of whichever paper. */
  step(by: 1 | -1): void {
    const pages = this.shown?.pages ?? 1;
    if (by === 1 ? this.isLast : this.isFirst) return;
    if (by === 1 && this.page >= pages) void this.go(this.paper + 1, 1);
    else if (by === -1 && this.page === 1) {
      void this.go(this.paper - 1, this.#known[this.paper - 1]?.pages ?? 1);
    } else void this.go(this.paper, this.page + by);
  }

  /** Shows a page; one that is not here yet is asked for. */
  async go(paper: number, page: number): Promise<void> {
    this.paper = paper;
    this.page = page;
    this.failed = "";
    this.slow = false;
    if (!this.sheet) {
      const timer = setTimeout(() => (this.slow = this.#stands(paper, page) && !this.sheet), NOTICED_MS);
      try {
        await this.#fetch(paper, page);
      } catch (cause) {
        if (this.#stands(paper, page)) this.failed = errorText(cause);
      } finally {
        clearTimeout(timer);
        if (this.#stands(paper, page)) this.slow = false;
      }
    }
    this.#ahead(paper, page);
  }

  /** Others may have done something to the case: looked at anew, and told if it is another paper. */
  async again(): Promise<void> {
    const { paper, page } = this;
    try {
      await this.#fetch(paper, page);
    } catch (cause) {
      if (this.#stands(paper, page)) this.failed = errorText(cause);
    }
  }

  #stands(paper: number, page: number): boolean {
    return this.paper === paper && this.page === page;
  }

  /** The next page is drawn while one reads this one; if that fails, it is told there. */
  #ahead(paper: number, page: number): void {
    const known = this.#known[paper];
    if (known && page < known.pages && !known.sheets[page + 1])
      void this.#fetch(paper, page + 1).catch(() => undefined);
  }

  async #fetch(paper: number, page: number): Promise<void> {
    const ask = this.asks[paper];
    if (!ask) return;
    const from = page - ((page - 1) % AT_ONCE);
    const answer = await ask(from, this.#known[paper]?.made_at);
    const before = this.#known[paper];
    const same = before?.hash === answer.hash;
    if (before && !same) this.changed = true;
    const sheets: Record<number, PreviewSheet> = same ? { ...before.sheets } : {};
    for (const sheet of answer.sheets) sheets[sheet.page] = sheet;
    this.#known = { ...this.#known, [paper]: { ...answer, sheets } };
    if (this.paper === paper && this.page > answer.pages) this.page = answer.pages;
  }
}
