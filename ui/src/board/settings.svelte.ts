//! What is set at the board itself: its colours and its sound. Kept by that screen.
export type Sound = "off" | "chime" | "voice";
export type Look = "system" | "light" | "dark";

const SOUND = "motcua.board.sound";
const LOOK = "motcua.board.look";

const state = $state<{ chosen: Sound | undefined; look: Look }>({ chosen: undefined, look: "system" });

export const sounds: Sound[] = ["off", "chime", "voice"];
export const looks: Look[] = ["system", "light", "dark"];

export function restoreLook(): void {
  const look = localStorage.getItem(LOOK);
  setLook(looks.find((each) => each === look) ?? "system");
  const sound = localStorage.getItem(SOUND);
  state.chosen = sounds.find((each) => each === sound);
}

export function look(): Look {
  return state.look;
}

export function setLook(next: Look): void {
  state.look = next;
  localStorage.setItem(LOOK, next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}

/** Until somebody chose: a chime, and the voice where the branch recorded one of its own. The
 *  shipped voice is a machine's that nobody has judged by ear. */
export function sound(recorded: boolean): Sound {
  return state.chosen ?? (recorded ? "voice" : "chime");
}

export function setSound(next: Sound): void {
  state.chosen = next;
  localStorage.setItem(SOUND, next);
}
