//! Where a scan goes: a citizen card to the person, a case code to the case, a ticket to its visit.
import { codeFromTyped } from "$lib/appointments";
import type { rpc as Rpc } from "./backend";
import { apiError } from "./backend";
import { t } from "./i18n.svelte";
import { desk } from "./state/desk.svelte";
import { partyDraft, partyOf, withCard } from "./state/draft.svelte";
import { invited } from "./state/invited";
import { live, refresh } from "./state/live.svelte";
import { reception } from "./state/reception.svelte";
import { go, handover, session } from "./state/session.svelte";
import { perform, say, sayError, sayHere } from "./state/strip.svelte";
import { intoDialog } from "./takers";
import { age } from "./time.svelte";

const TICKET = /^[A-Z0-9]{1,3}-\d{3,4}$/;

/** Routes one scan; unreadable ones are said with the doubtful part, never dropped in silence. */
export async function routeScan(text: string, rpc: typeof Rpc): Promise<void> {
  const scanned = text.normalize("NFC").trim();
  if (invited(scanned) || session.officer === "") return;
  const taken = intoDialog(scanned);
  if (taken === "refused") say(t("scan.dialogOpen"), "problem");
  if (taken !== "no dialog") return;
  if (TICKET.test(scanned.toUpperCase())) return openTicket(scanned.toUpperCase());
  // The slip of an appointment, at whichever screen it is shown.
  if (codeFromTyped(scanned)) {
    go("reception");
    return reception.scan(scanned);
  }
  if (!scanned.includes("|") && scanned.includes("-")) {
    handover.caseCode = scanned;
    go("cases");
    return;
  }
  if (session.view === "reception" || (session.view !== "desk" && !desk.serving)) {
    go("reception");
    await reception.scan(scanned);
    return;
  }
  if (session.view === "desk" && desk.view && desk.active && !desk.active.received) {
    await cardAtDesk(scanned, rpc);
    return;
  }
  say(t("scan.noVisit"), "info");
}

function openTicket(ticket: string): void {
  const queue = live.queue?.value;
  const row =
    queue &&
    [
      ...queue.waiting,
      ...queue.called,
      ...queue.serving,
      ...queue.held,
      ...queue.missed,
      ...queue.recent,
    ].find((each) => each.ticket === ticket);
  if (!row) {
    say(t("scan.ticketUnknown", { ticket }), "info");
    return;
  }
  if (session.view === "desk" && row.state === "waiting" && !desk.view)
    desk.dialog = { kind: "outOfTurn", row };
  else {
    go("desk");
    desk.dialog = { kind: "log", visitId: row.visit_id, ticket };
  }
}

/** A card read while somebody is served fills the owner, or the one who hands in for another. */
async function cardAtDesk(raw: string, rpc: typeof Rpc): Promise<void> {
  await perform("scan", async () => {
    const draft = desk.active;
    const view = desk.view;
    if (!draft || !view) return;
    try {
      const card = await rpc("identity.parse", { raw });
      const which = draft.who === "self" ? "applicant" : "submitter";
      const before = draft[which];
      draft[which] = withCard(before, card);
      desk.warnings = Object.fromEntries(
        card.warnings.map((w) => [`${which}.${w.field ?? "name"}`, w.message]),
      );
      if (draft.who === "self") desk.partyOpen = false;
      if (!view.visit.applicant) {
        await rpc("visit.identify", { visit_id: view.visit_id, applicant: partyOf(draft[which]) });
        await Promise.all([refresh.desk(), refresh.queue()]);
      }
      const [known] = await rpc("citizen.find", { text: card.number, limit: 1 });
      if (known && draft[which].phone === "") draft[which].phone = partyDraft(known.party).phone;
      const today = live.branch?.date;
      const years = today ? age(card.birth_date, today) : undefined;
      sayHere(t("scan.filled", { name: card.name, years: years ?? "–" }));
    } catch (cause) {
      sayError(apiError(cause));
    }
  });
}
