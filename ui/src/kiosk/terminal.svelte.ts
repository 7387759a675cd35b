//! What stands on the terminal: one person at a time, forgotten as soon as they go.
import { type ApiError, type Verbs, apiError, newCommandId } from "$lib/backend";
import type { KioskLink } from "$lib/backend/kiosk";
import type { Class } from "$lib/gen/Class";
import type { Greeting } from "$lib/gen/Greeting";
import type { JobState } from "$lib/gen/JobState";
import type { Kiosk } from "$lib/gen/Kiosk";
import type { KioskService } from "$lib/gen/KioskService";
import { type MessageKey, setLocale } from "$lib/i18n.svelte";
import { type Anchor, anchor, mono, touch } from "$lib/time.svelte";

export type Given = Verbs["kiosk.register"]["answer"];

/** Nothing was touched for so long: the next person must not find the last one's card. */
export const IDLE_MS = 45_000;
/** The end of that time is counted down in sight, so that who reads slowly can ask for more. */
export const WARN_MS = 15_000;
/** A server that answers with an error is asked again after this. */
const AGAIN_MS = 2_000;
/** So long a ticket may be on its way before the terminal says that it does not come. */
const PRINT_MS = 12_000;

/** Sentences for somebody in the hall; what Rust says is said to officers. */
const told: Partial<Record<ApiError["code"], MessageKey>> = {
  SERVICE_CLOSED: "kiosk.trouble.closed",
  NUMBERS_EXHAUSTED: "kiosk.trouble.closed",
  DAY_CLOSED: "kiosk.trouble.closed",
  UNREACHABLE: "kiosk.trouble.away",
  HUB_AWAY: "kiosk.trouble.away",
};

export class Terminal {
  look = $state.raw<Kiosk>();
  at = $state.raw<Anchor>();
  away = $state(false);
  service = $state.raw<KioskService>();
  kind = $state<Class>("ordinary");
  greeting = $state.raw<Greeting>();
  given = $state.raw<Given>();
  print = $state<JobState | "silent">();
  trouble = $state<MessageKey>();
  busy = $state(false);
  /** The keypad is open. */
  leaving = $state(false);
  wrongCode = $state("");

  private readonly link: KioskLink;
  private raw = "";
  private command = "";
  private job = "";
  private printedSince = 0;
  private touched = $state(0);

  constructor(link: KioskLink) {
    this.link = link;
  }

  /** Nothing of anybody is on the screen. */
  get resting(): boolean {
    return !this.service && !this.greeting && !this.given && !this.trouble && !this.leaving;
  }

  /** Milliseconds until everything is forgotten. */
  get left(): number {
    return Math.max(0, this.touched + IDLE_MS - mono());
  }

  touch(): void {
    touch();
    this.touched = mono();
  }

  /** Whoever stood here is gone. */
  reset(): void {
    this.service = undefined;
    this.kind = "ordinary";
    this.greeting = undefined;
    this.given = undefined;
    this.print = undefined;
    this.trouble = undefined;
    this.leaving = false;
    this.wrongCode = "";
    this.raw = "";
    this.command = "";
    this.job = "";
    setLocale("vi");
  }

  private asking = false;
  private asked = false;
  /** Reads anew; changes that come meanwhile lead to one more reading. */
  async refresh(): Promise<void> {
    this.asked = true;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.asked) {
        this.asked = false;
        const look = await this.link.ask("kiosk.get", {});
        this.look = look;
        this.at = anchor(look.now);
        this.away = false;
        this.service = look.services.find((each) => each.code === this.service?.code);
        await this.followPaper();
      }
    } catch (cause) {
      if (apiError(cause).code === "KIOSK_MODE" && this.look) this.look = { ...this.look, on: false };
      else this.away = true;
      setTimeout(() => void this.refresh(), AGAIN_MS);
    } finally {
      this.asking = false;
    }
  }

  follow(): () => void {
    const stops = [
      this.link.follow({ onChange: () => void this.refresh(), onLost: () => (this.away = true) }),
      this.link.onScan((event) => {
        if (event.type === "scan") void this.scan(event.text);
        else this.damaged();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  choose(service: KioskService): void {
    this.trouble = undefined;
    if (this.given) this.reset();
    this.service = service;
    this.command = newCommandId();
    this.kind = this.greeting?.class ?? "ordinary";
  }

  back(): void {
    this.service = undefined;
    this.trouble = undefined;
  }

  /** A card, at any time: before a service is chosen and after. */
  async scan(raw: string): Promise<void> {
    this.touch();
    if (this.leaving || this.busy) return;
    if (this.given) this.reset();
    this.trouble = undefined;
    try {
      const greeting = await this.link.ask("kiosk.greet", { raw });
      this.greeting = greeting;
      this.raw = raw;
      if (this.service && this.kind === "ordinary") this.kind = greeting.class ?? "ordinary";
    } catch (cause) {
      this.trouble = apiError(cause).code === "UNREACHABLE" ? "kiosk.trouble.away" : "kiosk.trouble.card";
    }
  }

  damaged(): void {
    this.touch();
    if (!this.leaving) this.trouble = "kiosk.trouble.card";
  }

  /** The number. Tried again after a broken line, it is the same command, and gives one number. */
  async take(): Promise<void> {
    const { service } = this;
    if (!service || this.busy) return;
    this.busy = true;
    this.trouble = undefined;
    try {
      const given = await this.link.ask(
        "kiosk.register",
        { service: service.code, class: this.kind, ...(this.raw ? { raw: this.raw } : {}) },
        this.command,
      );
      this.given = given;
      this.print = "queued";
      this.greeting = undefined;
      this.raw = "";
      this.printedSince = performance.now();
      await this.printTicket(given.visit_id);
    } catch (cause) {
      this.trouble = told[apiError(cause).code] ?? "kiosk.trouble.other";
    } finally {
      this.busy = false;
      this.touch();
    }
  }

  private async printTicket(visit: string): Promise<void> {
    try {
      const { job_id, state } = await this.link.ask("kiosk.print", { visit_id: visit });
      this.job = job_id;
      this.print = state;
    } catch {
      this.print = "failed";
    }
  }

  private async followPaper(): Promise<void> {
    if (this.job === "" || this.print === "done") return;
    try {
      const { state } = await this.link.ask("kiosk.paper", { job_id: this.job });
      this.print = state;
    } catch {
      // The number stands on the screen; how its paper fares is told when it can be asked again.
    }
  }

  /** Once a second: whoever went away is forgotten, and a printer that says nothing is told of. */
  tick(): void {
    if (this.resting || this.busy) this.touched = mono();
    else if (this.left === 0) this.reset();
    const waits = this.print === "queued" || this.print === "sent" || this.print === "printing";
    if (this.given && waits && performance.now() - this.printedSince > PRINT_MS) this.print = "silent";
  }

  async leave(code: string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.wrongCode = "";
    try {
      await this.link.ask("kiosk.leave", { code });
      this.reset();
      if (this.look) this.look = { ...this.look, on: false };
      await this.refresh();
    } catch (cause) {
      this.wrongCode = apiError(cause).message;
    } finally {
      this.busy = false;
      this.touch();
    }
  }
}
