//! The pages that wait on this machine, as one case sees them, and what is done with them. Rust
//! keeps the pages; here is only what is looked at and which of them are meant.
import { type Answer, command, rpc } from "$lib/backend";
import type { AttachedTo } from "$lib/gen/AttachedTo";
import type { PaperOrigin } from "$lib/gen/PaperOrigin";
import type { ScanChange } from "$lib/gen/ScanChange";
import type { ScanSource } from "$lib/gen/ScanSource";
import { coalesced } from "./live.svelte";
import { errorText, perform } from "./strip.svelte";

export type Tray = Answer<"scan.get">;
/** Below this nobody notices a wait. */
const NOTICED_MS = 300;

export class ScanPanel {
  tray = $state.raw<Tray>();
  failed = $state("");
  at = $state(0);
  /** Pages that are not meant. */
  left = $state<string[]>([]);
  /** What takes longer than one notices. */
  busy = $state<"" | "bind" | "devices">("");
  readonly caseId: string;

  constructor(caseId: string) {
    this.caseId = caseId;
  }

  get pages() {
    return this.tray?.pages ?? [];
  }
  get page() {
    return this.pages[Math.min(this.at, this.pages.length - 1)];
  }
  /** Pages that become the paper, in their order. */
  get meant(): string[] {
    return this.pages.filter((page) => !this.left.includes(page.id)).map((page) => page.id);
  }

  read = coalesced(async () => {
    try {
      this.put(await rpc("scan.get", { case_id: this.caseId }));
    } catch (cause) {
      this.failed = errorText(cause);
    }
  });

  private put(tray: Tray): void {
    // The chosen page stays chosen wherever it lies now; where it is gone, the next one is.
    const chosen = this.pages[this.at]?.id;
    const lies = tray.pages.findIndex((page) => page.id === chosen);
    this.tray = tray;
    this.failed = "";
    this.at = lies >= 0 ? lies : Math.max(0, Math.min(this.at, tray.pages.length - 1));
  }

  private act(key: string, run: () => Promise<unknown>): Promise<void> {
    return perform(`scan.${key}`, async () => {
      await run();
      await this.read();
    });
  }

  start = (source: ScanSource) =>
    this.act("start", async () => {
      // New pages are seen as they come.
      this.at = this.pages.length;
      await rpc("scan.start", { case_id: this.caseId, source });
    });
  stop = () => this.act("stop", () => rpc("scan.stop", {}));

  private edits: Promise<void> = Promise.resolve();
  /** Edits wait for one another: of keys that are pressed fast none is lost. */
  private edit(change: () => ScanChange | undefined): Promise<void> {
    this.edits = this.edits.then(() => {
      const [page, what] = [this.page, change()];
      if (!page || !what) return;
      return this.act("edit", () => rpc("scan.edit", { case_id: this.caseId, page: page.id, change: what }));
    });
    return this.edits;
  }
  turn = () => this.edit(() => ({ what: "turn" }));
  drop = () => this.edit(() => ({ what: "drop" }));
  move(by: number): Promise<void> {
    return this.edit(() => {
      const to = this.at + by;
      return to >= 0 && to < this.pages.length ? { what: "move", to } : undefined;
    });
  }
  step(by: number): void {
    this.at = Math.max(0, Math.min(this.pages.length - 1, this.at + by));
  }
  toggle(id: string): void {
    this.left = this.left.includes(id) ? this.left.filter((each) => each !== id) : [...this.left, id];
  }

  /** The pages that are meant become one paper of the case. The file is kept before the case names
      it: whatever happens in between, the pages are still here. */
  async assign(
    paper: AttachedTo,
    origin: PaperOrigin,
    code: string | undefined,
  ): Promise<Answer<"case.attach"> | undefined> {
    const pages = this.meant;
    let view: Answer<"case.attach"> | undefined;
    const late = setTimeout(() => (this.busy = "bind"), NOTICED_MS);
    await perform("scan.assign", async () => {
      const blob = await rpc("scan.bind", { case_id: this.caseId, pages });
      view = await command("case.attach", { id: this.caseId, paper, origin, code, blob });
      this.left = [];
      await this.read();
    });
    clearTimeout(late);
    this.busy = "";
    return view;
  }

  async devices(): Promise<Answer<"scan.devices">> {
    const late = setTimeout(() => (this.busy = "devices"), NOTICED_MS);
    try {
      return await rpc("scan.devices", {});
    } finally {
      clearTimeout(late);
      this.busy = "";
    }
  }
}

/** Pictures that were fetched once; they never change. */
const pictures = new Map<string, Promise<string>>();
const KEPT = 600;

export function pictureOf(id: string): Promise<string> {
  let known = pictures.get(id);
  if (!known) {
    if (pictures.size > KEPT) pictures.clear();
    known = rpc("scan.page", { id }).then(
      (picture) => `data:${picture.media_type};base64,${picture.content_base64}`,
    );
    known.catch(() => pictures.delete(id));
    pictures.set(id, known);
  }
  return known;
}
