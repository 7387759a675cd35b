import { beforeEach, expect, test, vi } from "vitest";
import { type Backend, type Saved, useBackend } from "./backend";
import { savePaper } from "./papers";

const paper = {
  file_name: "H01.01-261123-0001.pdf",
  media_type: "application/pdf",
  content_base64: "JVBERi0=",
};
let tell: (saved: Saved) => void;
let offered: { url: string; name: string }[];
const browser: Backend = {
  call: () => Promise.resolve(paper),
  onChange: () => () => undefined,
  onScan: () => () => undefined,
};
const shell: Backend = {
  ...browser,
  onSaved: async (listener) => {
    // As in the window: it takes a while until somebody listens, and what is told before is lost.
    await new Promise((stands) => setTimeout(stands, 20));
    tell = listener;
    return () => (tell = () => undefined);
  },
};

beforeEach(() => {
  offered = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    offered.push({ url: this.href, name: this.download });
  });
});

test("a browser keeps downloads itself: the name is all that can be said", async () => {
  useBackend(browser);
  expect(await savePaper("receipt", "x")).toBe(paper.file_name);
  expect(offered.map((each) => each.name)).toEqual([paper.file_name]);
});

test("the window says where the file is; word of another file is not taken for it", async () => {
  useBackend(shell);
  const saving = savePaper("receipt", "x");
  await vi.waitFor(() => expect(offered).toHaveLength(1));
  tell({ url: "blob:other", path: "/elsewhere.pdf" });
  tell({ url: offered[0]?.url ?? "", path: "/ha/Tải xuống/a.pdf" });
  expect(await saving).toBe("/ha/Tải xuống/a.pdf");
});

test("a file that could not be written is said so, with what is safe and what to do", async () => {
  useBackend(shell);
  const saving = savePaper("receipt", "x");
  await vi.waitFor(() => expect(offered).toHaveLength(1));
  tell({ url: offered[0]?.url ?? "", path: null });
  await expect(saving).rejects.toThrow(/Chưa lưu được PDF.*vẫn an toàn.*lưu lại/);
});
