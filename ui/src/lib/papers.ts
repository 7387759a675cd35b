//! Papers as files: rendered by Rust, kept where the officer keeps downloads.
import { rpc } from "./backend";
import type { PaperKind } from "./gen/PaperKind";

/** Offers a paper as a file. */
export async function savePaper(kind: PaperKind, id: string): Promise<string> {
  const paper = await rpc("document.render", { kind, id, format: "pdf" });
  const bytes = Uint8Array.from(atob(paper.content_base64), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: paper.media_type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = paper.file_name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return paper.file_name;
}
