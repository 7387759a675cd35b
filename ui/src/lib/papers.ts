//! Papers as files: rendered by Rust, kept where the officer keeps downloads.
import { ApiError, rpc, whereSaved } from "./backend";
import type { CasePaper } from "./gen/CasePaper";
import type { DocumentRendered } from "./gen/DocumentRendered";
import type { PaperKind } from "./gen/PaperKind";
import type { Report } from "./gen/Report";
import { t } from "./i18n.svelte";

/** What a paper of a case is called among its papers: of several of a kind, which. */
export function paperName(paper: CasePaper, among: CasePaper[]): string {
  const name = t(`casePaper.${paper.kind}`);
  const several = among.filter((each) => each.kind === paper.kind).length > 1;
  return several && paper.part !== undefined ? t("cases.paperPart", { name, n: paper.part }) : name;
}

/** Offers a paper as a file. Answers where it is: its place in the window, its name in a browser. */
export async function savePaper(kind: PaperKind, id: string, part?: number): Promise<string> {
  return saveBytes(await rpc("document.render", { kind, id, part, format: "pdf" }));
}

/** The same for a list of a day or a year, for a spreadsheet. */
export async function saveList(report: Report): Promise<string> {
  return saveBytes(await rpc("report.render", { report, format: "csv" }));
}

/** The same with a file that is here already. */
export async function saveBytes(paper: DocumentRendered): Promise<string> {
  const bytes = Uint8Array.from(atob(paper.content_base64), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: paper.media_type }));
  const saved = await whereSaved(url);
  const link = document.createElement("a");
  link.href = url;
  link.download = paper.file_name;
  link.click();
  const path = saved ? await saved() : paper.file_name;
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  if (path === null) throw new ApiError({ code: "INTERNAL_FAULT", message: t("error.pdf") });
  return path;
}
