//! How a call is read aloud in Vietnamese: as the names of clips, in order.

const MOST = 999;

/** A whole number up to 999 as it is spoken: 15 “mười lăm”, 21 “hai mươi mốt”, 105 “một trăm linh năm”. */
function numberClips(n: number): string[] {
  if (n > MOST) return [...String(n)];
  const [hundreds, tens, ones] = [Math.floor(n / 100), Math.floor(n / 10) % 10, n % 10];
  const out: string[] = [];
  if (hundreds > 0) out.push(String(hundreds), "tram");
  if (tens === 0) {
    if (hundreds > 0 && ones > 0) out.push("linh");
  } else if (tens === 1) out.push("10");
  else out.push(String(tens), "muoi");
  if (ones === 0 && (tens > 0 || hundreds > 0)) return out;
  if (ones === 5 && tens > 0) out.push("lam");
  else if (ones === 1 && tens > 1) out.push("mot");
  else if (ones === 4 && tens > 1) out.push("tu");
  else out.push(String(ones));
  return out;
}

/** A ticket is spelt sign by sign, zeros too: “A-015” is “a không một năm”. */
export function ticketClips(ticket: string): string[] {
  return [...ticket.toLowerCase()].filter((sign) => /[a-z0-9]/.test(sign));
}

/** “Mời số … đến quầy số …” */
export function callClips(ticket: string, counter: number): string[] {
  return ["moi-so", ...ticketClips(ticket), "den-quay-so", ...numberClips(counter)];
}

const words: Record<string, string> = {
  "moi-so": "mời số",
  "den-quay-so": "đến quầy số",
  0: "không",
  1: "một",
  2: "hai",
  3: "ba",
  4: "bốn",
  5: "năm",
  6: "sáu",
  7: "bảy",
  8: "tám",
  9: "chín",
  10: "mười",
  muoi: "mươi",
  mot: "mốt",
  tu: "tư",
  lam: "lăm",
  tram: "trăm",
  linh: "linh",
  a: "a",
  b: "bê",
  c: "xê",
  d: "dê",
  e: "e",
  f: "ép phờ",
  g: "giê",
  h: "hát",
  i: "i",
  j: "gi",
  k: "ca",
  l: "e lờ",
  m: "em mờ",
  n: "en nờ",
  o: "o",
  p: "pê",
  q: "quy",
  r: "e rờ",
  s: "ét sì",
  t: "tê",
  u: "u",
  v: "vê",
  w: "vê kép",
  x: "ích xì",
  y: "i dài",
  z: "dét",
};

/** Every clip there is. */
export const allClips = ["chime", ...Object.keys(words)];

/** What the clips say. */
export function spoken(clips: string[]): string {
  return clips.map((clip) => words[clip] ?? "").join(" ");
}
