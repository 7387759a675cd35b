//! Text of people: composed on reading, masked for onlookers, shortened in the middle.

/** What the officer typed: composed (NFC), trimmed. Applied on reading, never while typing. */
export function read(value: string): string {
  return value.normalize("NFC").trim();
}

/** The same, with nothing typed as nothing. */
export function readOptional(value: string): string | undefined {
  const text = read(value);
  return text === "" ? undefined : text;
}

/** For finding only: without marks, đ as d, small letters. Rust's `fold` does the same for the store. */
export function fold(value: string): string {
  return value.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().trim();
}

/** `001187••••21`, `0912•••846`: enough to recognise, not enough to copy. */
export function maskNumber(number: string): string {
  const n = number.length;
  if (n >= 12) return `${number.slice(0, 6)}••••${number.slice(-2)}`;
  if (n >= 7) return `${number.slice(0, 4)}•••${number.slice(-3)}`;
  return number;
}

/** The given name is last and is never cut: middle names become initials. */
export function shortName(name: string, limit = 18): string {
  if (name.length <= limit) return name;
  const parts = name.split(/\s+/);
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (parts.length < 3 || first === undefined || last === undefined) return name;
  const middle = parts.slice(1, -1);
  for (let i = 0; i < middle.length; i++) {
    middle[i] = `${[...(middle[i] ?? "")][0] ?? ""}.`;
    const shorter = [first, ...middle, last].join(" ");
    if (shorter.length <= limit) return shorter;
  }
  return [first, ...middle, last].join(" ");
}

/** `8.000` */
export function thousands(amount: number): string {
  return String(Math.round(amount)).replace(/\B(?=(\d{3})+(?!\d))/g, ".");
}

/** `812 byte`, `4 KB`, `3,4 MB`: as a person says how large a file is. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} byte`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1).replace(".", ",")} MB`;
}

/** Splits a case code: the agency part in light ink, date and sequence in strong ink. */
export function splitCode(code: string): [string, string] {
  const at = code.indexOf("-");
  return at < 0 ? ["", code] : [code.slice(0, at + 1), code.slice(at + 1)];
}
