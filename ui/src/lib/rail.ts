//! What each key of the rail would do now, and why not when it cannot.
import type { CaseAct } from "./gen/CaseAct";
import type { MessageKey } from "./i18n.svelte";
import { t } from "./i18n.svelte";
import { desk, serviceName } from "./state/desk.svelte";
import { isInstant } from "./state/draft.svelte";
import { live } from "./state/live.svelte";
import { seat } from "./state/seat.svelte";
import { go, handover, may } from "./state/session.svelte";
import { clock, countdown, hourMinute, since } from "./time.svelte";

export interface RailAct {
  key: string;
  label: MessageKey;
  /** One line of consequence, or the reason why not. */
  hint: string;
  possible: boolean;
  primary: boolean;
  run: () => void;
}
export interface RailGroup {
  title: MessageKey;
  acts: RailAct[];
}

interface Offer {
  hint?: string;
  why?: string | undefined;
  primary?: boolean;
  run: () => void;
}

function act(key: string, label: MessageKey, { hint = "", why, primary = false, run }: Offer): RailAct {
  const possible = why === undefined;
  return {
    key,
    label,
    hint: why ?? hint,
    possible,
    primary: primary && possible,
    run: possible ? run : () => undefined,
  };
}

function waitOf(): string {
  const next = live.desk?.value.next;
  const at = live.desk?.at;
  if (!next || !at) return "";
  return t("rail.nextWait", {
    ticket: next.ticket,
    wait: clock(next.wait_ms + (next.wait_running ? since(at) : 0)),
  });
}

/** Goes on with the received case where every act on a case is done. */
function toCase(next: CaseAct): void {
  const code = desk.active?.received?.code;
  if (!code) return;
  handover.caseCode = code;
  handover.act = next;
  go("cases");
}

/** The rail as it stands. Reads live state, so templates follow it. */
export function rail(): RailGroup[] {
  const { view, called, serving, active, entry, missing, leg } = desk;
  const next = live.desk?.value.next;
  const role = may("queue.call_next") ? undefined : t("rail.notYourRole");
  const noVisit = t("rail.noVisit");
  const notYours = may("case.refuse") ? undefined : t("rail.notYourRole");
  const notReceived = active?.received ? undefined : t("rail.receiveFirst");
  const taken = seat.state === "other" ? t("rail.taken") : undefined;
  const onlyCalled = role ?? (view ? t("rail.onlyCalled") : noVisit);
  const onlyServing = role ?? (view ? t("rail.onlyServing") : noVisit);
  const received = active?.received !== undefined;
  const instant = entry !== undefined && active !== undefined && isInstant(active, entry);
  const ready = serving && entry !== undefined && active !== undefined && !received;
  const calls = leg?.calls ?? 0;
  const tired = called && calls >= (desk.rules?.recall_max ?? 3);
  const serveMs = leg?.serve_ms;

  const f9why = (): string | undefined => {
    if (!serving) return onlyServing;
    if (received) return t("rail.alreadyReceived");
    if (!active?.procedure) return t("rail.noProcedure");
    return entry ? undefined : t("rail.loading");
  };

  return [
    {
      title: "rail.call",
      acts: [
        act("F2", "act.callNext", {
          hint: seat.state === "away" ? t("rail.endsBreak") : waitOf(),
          why:
            role ??
            taken ??
            (called
              ? t("rail.calling", { ticket: view?.ticket ?? "" })
              : next
                ? undefined
                : t("queue.empty")),
          primary: !view && seat.state !== "away",
          run: () => (view ? (desk.dialog = { kind: "busy" }) : void desk.callNext()),
        }),
        act("F3", "act.recall", {
          hint: t("rail.calledTimes", { n: calls }),
          why: !called
            ? onlyCalled
            : tired
              ? t("rail.calledEnough", { n: calls })
              : desk.recallLeft > 0
                ? t("rail.recallIn", { time: countdown(desk.recallLeft) })
                : undefined,
          run: () => void desk.recall(),
        }),
        act("F4", "act.start", {
          hint: t("rail.startHint"),
          why: called
            ? undefined
            : serving && serveMs
              ? t("rail.started", { time: hourMinute(serveMs) })
              : onlyCalled,
          primary: called && !tired,
          run: () => void desk.start(),
        }),
      ],
    },
    {
      title: "rail.pause",
      acts: [
        act("F6", "act.hold", {
          hint: t("rail.holdHint"),
          why: serving ? undefined : onlyServing,
          run: () => (desk.dialog = { kind: "hold" }),
        }),
        act("F7", "act.transfer", {
          hint: t("rail.transferHint"),
          why: view ? role : noVisit,
          run: () => (desk.dialog = { kind: "transfer" }),
        }),
        act("F8", "act.miss", {
          hint: t("rail.missHint"),
          why: called ? undefined : onlyCalled,
          primary: tired,
          run: () => void desk.miss(),
        }),
      ],
    },
    {
      title: "rail.finish",
      acts: [
        act("F9", instant ? "act.receiveInstant" : "act.receive", {
          hint:
            missing.length > 0
              ? t("rail.missingRow", { row: (missing[0] ?? 0) + 1, n: missing.length })
              : instant
                ? t("rail.instantHint")
                : t("rail.receiveHint"),
          why: f9why(),
          primary: ready,
          run: () => void desk.receive(),
        }),
        act("F10", "act.finish", {
          hint: desk.unfinished
            ? t("rail.unfinished")
            : desk.planned[0]
              ? t("rail.thenNext", { service: serviceName(desk.planned[0]) })
              : t("rail.finishHint"),
          why: serving ? undefined : onlyServing,
          primary: serving && !ready,
          run: () => void desk.finish(),
        }),
        act("F11", "act.supplement", {
          hint: t("rail.toSupplement"),
          why: notYours ?? notReceived,
          run: () => toCase("request_supplement"),
        }),
        act("F12", "act.refuse", {
          hint: t(received ? "rail.toRefuse" : "rail.turnAway"),
          why: notYours ?? (received || ready ? undefined : t("rail.receiveFirst")),
          // Before it is received no case comes of it.
          run: () => (received ? toCase("refuse") : (desk.dialog = { kind: "turnAway" })),
        }),
      ],
    },
  ];
}

/** Why no service can be added to the visit at the desk now. */
export function addServiceWhy(): string | undefined {
  if (!may("leg.add_service")) return t("rail.notYourRole");
  if (!desk.view) return t("rail.noVisit");
  return desk.planned.length >= 10 ? t("services.full") : undefined;
}
