//! Who works here now, at which counter, on which screen, in which colours.
import { actAs } from "$lib/backend";
import type { VerbName } from "$lib/backend";
import type { CaseAct } from "$lib/gen/CaseAct";
import { verbRoles } from "$lib/gen/verbs";
import { live } from "./live.svelte";
import { leaveScreen } from "./strip.svelte";

export type WorkView = "desk" | "reception" | "cases" | "supervisor" | "sync" | "books";
/** The set-up screen is opened from the settings and has no place among the screens of work. */
export type View = WorkView | "setup";
export const views: WorkView[] = ["desk", "reception", "cases", "supervisor", "sync", "books"];
export type Theme = "system" | "light" | "dark";

const STORED = "motcua.session";

class Session {
  officer = $state("");
  counter = $state(0);
  view = $state<View>("desk");
  /** Where the set-up screen was opened from. */
  before: WorkView = "supervisor";
  theme = $state<Theme>("system");
}
export const session = new Session();

/** Text handed from one screen to the search box of the cases screen, and what is to be done there. */
export const handover = $state<{ caseCode: string; act: CaseAct | undefined }>({
  caseCode: "",
  act: undefined,
});

interface Remembered {
  officer: string;
  counter: number;
}

export function remembered(): Remembered | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? "") as Remembered;
    return typeof found.officer === "string" && typeof found.counter === "number" ? found : undefined;
  } catch {
    return undefined;
  }
}

export function signIn(officer: string, counter: number): void {
  session.officer = officer;
  session.counter = counter;
  live.counter = counter;
  actAs(officer);
  localStorage.setItem(STORED, JSON.stringify({ officer, counter } satisfies Remembered));
  sessionStorage.setItem(STORED, "in");
}

/** A reload of the window goes on where it was; a new start asks who it is. */
export function stillSignedIn(): boolean {
  return sessionStorage.getItem(STORED) === "in";
}

export function signOut(): void {
  sessionStorage.removeItem(STORED);
  session.officer = "";
  actAs("");
}

/** Asked before another screen is shown; true when it goes on by itself later. */
type Guard = (on: () => void) => boolean;
let guard: Guard | undefined;

/** Until the answered function is called. */
export function guardLeaving(by: Guard): () => void {
  guard = by;
  return () => {
    if (guard === by) guard = undefined;
  };
}

/** Leaves the present screen, once it has been asked. */
export function leave(on: () => void): void {
  if (!guard?.(on)) on();
}

export function go(view: View): void {
  if (view === session.view) show(view);
  else
    leave(() => {
      leaveScreen();
      show(view);
    });
}

function show(view: View): void {
  if (view !== "setup") session.before = view;
  session.view = view;
  history.replaceState(null, "", `#${view}`);
}

export function viewFromHash(): WorkView | undefined {
  return views.find((view) => location.hash === `#${view}`);
}

/** Where a reload goes on: also at the set-up screen. */
export function viewBefore(): View | undefined {
  return location.hash === "#setup" ? "setup" : viewFromHash();
}

export function setTheme(theme: Theme): void {
  session.theme = theme;
  localStorage.setItem("motcua.theme", theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function restoreTheme(): void {
  const stored = localStorage.getItem("motcua.theme");
  setTheme(stored === "dark" || stored === "light" ? stored : "system");
}

export function officer() {
  return live.branch?.branch.officers.find((o) => o.id === session.officer);
}

export function counter() {
  return live.branch?.branch.counters.find((c) => c.number === session.counter);
}

/** Whether the officer's roles allow a verb. Only for saying so beforehand: Rust decides. */
export function may(verb: VerbName): boolean {
  const roles = verbRoles[verb];
  return roles.length === 0 || (officer()?.roles.some((role) => roles.includes(role)) ?? false);
}
