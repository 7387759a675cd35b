import { describe, expect, test } from "vitest";
import en from "../../messages/en.json";
import vi from "../../messages/vi.json";
import { fileSize, maskNumber, read, readOptional, shortName, splitCode, thousands } from "./text";

describe("text", () => {
  test("is composed and trimmed on reading", () => {
    expect(read("  Nguye\u0302\u0303n ".normalize("NFD"))).toBe("Nguyễn");
    expect(readOptional("   ")).toBeUndefined();
  });

  test.each([
    ["001187004521", "001187••••21"],
    ["0912345846", "0912•••846"],
    ["123", "123"],
  ])("masks %s", (number, masked) => expect(maskNumber(number)).toBe(masked));

  test.each([
    ["Lò Thị Mai", "Lò Thị Mai"],
    ["Nguyễn Thị Ánh Tuyết", "Nguyễn T. Á. Tuyết"],
    ["H’Hen Niê", "H’Hen Niê"],
  ])("never cuts the given name: %s", (name, short) => expect(shortName(name)).toBe(short));

  test("writes figures as people do", () => {
    expect(thousands(1_284_000)).toBe("1.284.000");
    expect([812, 4_400, 999_499, 999_500, 3_449_000].map(fileSize)).toEqual([
      "812 byte",
      "4 KB",
      "999 KB",
      "1,0 MB",
      "3,4 MB",
    ]);
    expect(splitCode("H99.12-261118-0047")).toEqual(["H99.12-", "261118-0047"]);
  });
});

describe("messages", () => {
  const keys = Object.keys(vi) as (keyof typeof vi)[];

  test("both languages have the same keys", () => expect(Object.keys(en).sort()).toEqual([...keys].sort()));

  test("both languages have the same placeholders", () => {
    const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of keys) expect([key, ...placeholders(en[key])]).toEqual([key, ...placeholders(vi[key])]);
  });

  test("Vietnamese is composed and blames nobody", () => {
    for (const key of keys) {
      expect(vi[key]).toBe(vi[key].normalize("NFC"));
      expect(vi[key]).not.toMatch(/!|thất bại|lỗi không xác định/i);
    }
  });
});
